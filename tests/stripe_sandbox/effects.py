"""Types are not behaviour: for each call and parameter, what must change because of it, and where Stripe says so.

Add rows beside their kind; `test_effects` runs each of them twice, with the parameter and without.
"""

from tests.stripe_sandbox.effects_of_billing import BILLING
from tests.stripe_sandbox.effects_of_filters import FILTERS
from tests.stripe_sandbox.effects_of_giving import GIVING
from tests.stripe_sandbox.effects_of_goods import GOODS
from tests.stripe_sandbox.effects_of_later import LATER
from tests.stripe_sandbox.effects_of_money import MONEY
from tests.stripe_sandbox.effects_of_portal import PORTALS
from tests.stripe_sandbox.effects_of_subscribing import SUBSCRIBING
from tests.stripe_sandbox.effects_of_words import WORDS

EFFECTS = (*GIVING, *MONEY, *BILLING, *LATER, *WORDS, *GOODS, *PORTALS, *SUBSCRIBING, *FILTERS)

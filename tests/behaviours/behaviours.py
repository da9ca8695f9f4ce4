"""What may happen between a newsroom and Stripe, in the order of the list we test against, and what shows each.

A behaviour is shown by tests of application and sandbox together, or it waits, wholly or in part, for a capability
that the application does not have yet; most have something of both.
"""

from dataclasses import dataclass

LISTED = """
duplicate event · two at the same instant · updated before created · deleted before updated ·
webhook before redirect and redirect before webhook · webhook lost, then reconciled · handler crash, then retry ·
wrong, old, future, second signature · thin event · livemode mismatch · unknown type and unknown enum value ·
3DS passed and failed · bank debit succeeding and failing days later · first payment declined ·
renewal declined, then recovered · final failure into canceled and into unpaid · cancel and undo ·
amount up, down, other currency refused · partial, full and failed refund · dispute won, lost ·
gift paid, refunded, redeemed twice · answer lost after creation at Stripe (same key again) ·
429, 500, hang, malformed JSON · JPY and three-decimal currencies · minimum amount ·
another person's thanks page or portal · an erased account gets a late event · API-version drift of the endpoint
"""


@dataclass(frozen=True)
class Capability:
    """Something the application will be able to do. `signs` are names of which it has none until it can.

    A sign is a type of event, a table, or a word of a route, command, periodic task or call of the gateway.
    """

    words: str
    signs: tuple[str, ...]


GIFTS = Capability("a patron's life, second half: gifts", ("gift", "gifts"))


@dataclass(frozen=True)
class Behaviour:
    """One behaviour of the list: tests as `module::function` below `tests`, and what else of it waits for what."""

    words: str
    shown_by: tuple[str, ...] = ()
    waits_for: tuple[Capability, ...] = ()


BEHAVIOURS = (
    Behaviour(
        "duplicate event",
        (
            "payments.test_webhook::test_a_signed_event_is_stored_once",
            "payments.test_donation::test_three_more_deliveries_send_no_second_receipt",
            "behaviours.test_deliveries::test_what_stripe_sends_is_stored_and_leads_to_a_receipt",
            "behaviours.test_deliveries::test_what_comes_twice_or_the_last_first_is_one_payment",
        ),
    ),
    Behaviour(
        "two at the same instant",
        (
            "behaviours.test_events::test_one_event_that_comes_eight_times_at_the_same_instant_is_stored_once",
            "behaviours.test_events::test_all_events_of_a_payment_at_the_same_instant_make_one_payment_and_one_receipt",
            "payments.test_tickets::test_many_at_once_leave_what_was_seen_last",
        ),
    ),
    Behaviour(
        "updated before created",
        ("behaviours.test_events::test_a_pledge_that_was_changed_before_we_heard_of_it_stands_as_it_is_now",),
    ),
    Behaviour(
        "deleted before updated",
        ("behaviours.test_events::test_a_pledge_that_ended_before_we_heard_of_it_stays_ended_and_is_not_welcomed",),
    ),
    Behaviour(
        "webhook before redirect and redirect before webhook",
        (
            "behaviours.test_events::test_who_comes_back_after_the_webhook_is_thanked_without_asking_stripe",
            "behaviours.test_events::test_what_is_heard_after_the_reader_came_back_changes_nothing",
            "payments.test_donation::test_the_thanks_page_knows_before_the_webhook_does",
            "behaviours.test_deliveries::test_what_comes_a_day_late_changes_nothing_that_was_known_meanwhile",
        ),
    ),
    Behaviour(
        "webhook lost, then reconciled",
        (
            "behaviours.test_deliveries::test_whose_webhooks_are_lost_is_thanked_and_known_by_looking",
            "behaviours.test_deliveries::test_what_was_lost_and_is_sent_again_by_hand_is_handled",
            "behaviours.test_ways_of_paying::test_a_failed_debit_of_which_no_webhook_tells_has_failed_for_who_looks",
            "behaviours.test_reconciled::test_whose_webhooks_are_lost_and_who_never_comes_back_is_known_after_the_night",
            "payments.test_reconciliation::test_a_lost_event_of_an_old_pledge_is_found_by_its_event",
        ),
    ),
    Behaviour(
        "handler crash, then retry",
        (
            "behaviours.test_events::test_what_a_worker_died_of_is_done_by_another_two_minutes_later",
            "behaviours.test_events::test_a_sync_that_fails_is_tried_again_until_stripe_answers",
            "behaviours.test_events::test_an_event_whose_sync_fails_for_three_days_is_dead_and_stays_to_be_seen",
            "payments.test_replaying::test_a_dead_event_is_replayed_and_handled",
        ),
    ),
    Behaviour(
        "wrong, old, future, second signature",
        (
            "payments.test_webhook::test_a_bad_signature_is_refused_and_stores_nothing",
            "payments.test_webhook::test_one_of_two_signatures_is_enough_while_a_secret_rolls",
            "behaviours.test_deliveries"
            "::test_what_is_signed_wrongly_or_at_another_time_is_refused_until_it_comes_again_rightly",
            "behaviours.test_deliveries::test_while_a_secret_rolls_both_signatures_come_and_one_is_enough",
            "behaviours.test_deliveries::test_after_a_roll_without_overlap_the_old_secret_opens_nothing",
        ),
    ),
    Behaviour("thin event", ("payments.test_webhook::test_a_signed_body_that_is_no_event_is_refused",)),
    Behaviour(
        "livemode mismatch",
        ("payments.test_webhook::test_the_other_mode_and_another_account_are_stored_and_ignored",),
    ),
    Behaviour(
        "unknown type and unknown enum value",
        (
            "payments.test_webhook::test_an_unknown_type_is_ignored_the_moment_it_comes",
            "behaviours.test_events::test_a_status_of_tomorrow_gives_no_standing_and_breaks_no_page",
            "behaviours.test_events::test_words_of_tomorrow_leave_a_donation_on_its_way_until_stripe_says_a_known_one",
        ),
    ),
    Behaviour(
        "3DS passed and failed",
        (
            "behaviours.test_ways_of_paying::test_who_passes_three_d_secure_has_paid_and_nobody_before",
            "behaviours.test_ways_of_paying::test_who_fails_three_d_secure_has_not_paid_and_may_try_another_card",
            "behaviours.test_renewals::test_a_renewal_for_which_the_bank_asks_is_a_failed_one_until_it_is_answered",
        ),
    ),
    Behaviour(
        "bank debit succeeding and failing days later",
        (
            "behaviours.test_ways_of_paying::test_a_bank_debit_is_on_its_way_for_days_and_then_received",
            "behaviours.test_ways_of_paying"
            "::test_a_bank_debit_that_fails_days_later_is_not_paid_and_may_be_tried_again",
            "behaviours.test_ways_of_paying::test_a_failed_debit_stays_failed_whatever_comes_again",
            "behaviours.test_ways_of_paying::test_a_failed_debit_that_we_hear_of_only_when_all_is_over_has_failed",
            "behaviours.test_ways_of_paying::test_a_pledge_by_debit_makes_a_patron_only_when_the_money_has_come",
            "behaviours.test_ways_of_paying::test_a_pledge_whose_first_debit_fails_makes_no_patron",
        ),
    ),
    Behaviour(
        "first payment declined",
        (
            "payments.test_donation::test_a_declined_card_stays_on_stripes_page_and_a_good_one_then_pays_once",
            "behaviours.test_events::test_a_first_card_that_is_declined_makes_no_pledge_and_the_second_one_does",
        ),
    ),
    Behaviour(
        "renewal declined, then recovered",
        (
            "behaviours.test_renewals::test_a_card_that_is_good_again_at_the_next_try_keeps_the_patron",
            "behaviours.test_renewals"
            "::test_the_grace_is_counted_from_the_failed_renewal_and_not_from_when_we_heard_of_it",
            "patrons.test_failing::test_four_letters_say_why_what_comes_next_and_until_when",
            "patrons.test_failing::test_the_link_mends_it_without_signing_in_and_the_letters_end",
            "patrons.test_failing::test_another_card_at_stripes_own_page_is_asked_next_time",
        ),
    ),
    Behaviour(
        "final failure into canceled and into unpaid",
        (
            "behaviours.test_renewals::test_who_never_pays_is_a_patron_until_the_grace_ends_and_not_after",
            "behaviours.test_renewals::test_a_card_that_is_paid_late_in_the_grace_brings_the_patron_back",
            "behaviours.test_renewals::test_what_is_paid_late_for_an_ended_pledge_is_received_and_brings_nobody_back",
            "behaviours.test_renewals::test_who_stops_in_the_grace_has_stopped_at_once",
            "patrons.test_failing::test_at_the_end_of_the_grace_the_invoice_is_voided_the_pledge_ends_and_one_more_letter_says_so",
            "patrons.test_failing::test_a_payment_at_the_last_moment_keeps_the_pledge",
            "patrons.test_pledge::test_whose_card_failed_for_good_may_come_back_and_vote",
        ),
    ),
    Behaviour(
        "cancel and undo",
        (
            "patrons.test_pledge::test_a_pledge_is_stopped_at_the_periods_end_and_the_stop_taken_back",
            "patrons.test_pledge::test_a_pledge_that_stripe_has_ended_meanwhile_is_stopped_without_an_error",
            "patrons.test_changes::test_stopping_takes_two_clicks_and_its_proof_comes_at_once",
            "patrons.test_changes::test_a_stop_in_grace_ends_at_once_and_nothing_more_is_charged",
            "behaviours.test_renewals::test_a_stop_is_taken_back_at_the_last_moment_and_the_pledge_goes_on",
            "behaviours.test_stripe_failing::test_a_stop_that_stripe_did_not_hear_is_no_stop",
        ),
    ),
    Behaviour(
        "amount up, down, other currency refused",
        (
            "behaviours.test_renewals::test_an_amount_that_staff_change_at_stripe_is_the_pledges_from_then_on",
            "patrons.test_changes::test_another_amount_is_shown_before_its_button_and_taken_at_the_next_charge",
            "patrons.test_changes::test_another_cadence_begins_with_the_next_period_and_costs_nothing_today",
            "patrons.test_changes::test_another_currency_is_refused_with_the_way_to_it",
            "patrons.test_changes::test_through_a_year_what_is_charged_is_what_was_told_before",
        ),
    ),
    Behaviour(
        "partial, full and failed refund",
        (
            "behaviours.test_money_back::test_a_refund_in_the_dashboard_is_in_the_ledger_the_payment_and_the_mail",
            "behaviours.test_money_back::test_a_refund_that_waits_is_gone_from_the_payment_at_once",
            "behaviours.test_money_back::test_a_refund_that_fails_comes_back_and_staff_hear_of_it",
            "behaviours.test_money_back::test_whose_last_charge_was_refunded_is_no_patron_until_the_next_one",
            "behaviours.test_money_back::test_a_part_that_is_given_back_takes_nobodys_standing",
            "payments.test_refunds::test_a_refund_that_we_ask_for_is_made_once_and_told_to_the_payer",
        ),
    ),
    Behaviour(
        "dispute won, lost",
        (
            "behaviours.test_money_back::test_a_dispute_is_won_or_lost_in_the_ledger_and_in_the_payment",
            "behaviours.test_money_back::test_a_dispute_ends_standing_at_once_and_only_a_won_one_restores_it",
            "behaviours.test_money_back::test_after_a_lost_dispute_the_next_charge_makes_a_patron_again",
            "behaviours.test_money_back::test_an_adjustment_of_stripes_own_is_in_the_ledger",
            "behaviours.test_money_back::test_payouts_leave_the_ledger_equal",
        ),
    ),
    Behaviour("gift paid, refunded, redeemed twice", waits_for=(GIFTS,)),
    Behaviour(
        "answer lost after creation at Stripe (same key again)",
        (
            "behaviours.test_stripe_failing::test_two_clicks_while_the_first_answer_is_lost_lead_to_one_page",
            "behaviours.test_stripe_failing::test_one_failure_of_stripe_is_nothing_a_reader_sees",
            "payments.test_gateway_contract::test_one_key_gives_one_session",
        ),
    ),
    Behaviour(
        "429, 500, hang, malformed JSON",
        (
            "behaviours.test_stripe_failing::test_what_stripe_cannot_do_now_is_said_and_the_same_form_goes_on_later",
            "behaviours.test_stripe_failing"
            "::test_a_call_that_hangs_makes_no_second_page_although_it_is_asked_again_meanwhile",
            "behaviours.test_stripe_failing::test_the_thanks_page_says_what_it_knows_while_stripe_is_down",
        ),
    ),
    Behaviour(
        "JPY and three-decimal currencies",
        (
            "behaviours.test_amounts::test_yen_are_charged_as_they_are_written",
            "behaviours.test_amounts::test_dinars_have_three_decimals_of_which_the_last_is_nothing",
            "payments.test_donation::test_yen_have_no_decimals_and_hryvnia_settle_in_euro",
        ),
    ),
    Behaviour(
        "minimum amount",
        (
            "support.test_bad_input::test_a_wrong_field_is_named_and_nothing_is_kept",
            "behaviours.test_amounts::test_below_our_floor_stripe_is_not_asked",
            "behaviours.test_amounts::test_below_stripes_own_minimum_nothing_is_taken_and_no_page_opened",
        ),
    ),
    Behaviour(
        "another person's thanks page or portal",
        (
            "behaviours.test_strangers::test_a_stranger_on_a_thanks_page_learns_no_name_and_no_address",
            "behaviours.test_strangers::test_a_patron_on_anothers_thanks_page_sees_the_page_and_gets_nothing_of_it",
            "behaviours.test_strangers::test_a_debit_on_its_way_shows_a_stranger_only_the_masked_address",
            "behaviours.test_strangers::test_a_reference_that_nearly_fits_is_nothing",
            "patrons.test_pledge::test_nobody_sees_anothers_receipt",
            "patrons.test_changes::test_stripes_page_is_made_for_the_card_of_whoever_asks",
            "patrons.test_changes::test_stripes_page_offers_the_card_and_nothing_else",
        ),
    ),
    Behaviour(
        "an erased account gets a late event",
        (
            "behaviours.test_erased::test_what_comes_of_the_erasure_itself_brings_nobody_back",
            "behaviours.test_erased::test_events_of_before_that_come_again_bring_nobody_back",
            "behaviours.test_erased"
            "::test_a_pledge_that_was_paid_before_and_heard_of_after_the_erasure_ends_with_the_account",
            "behaviours.test_erased"
            "::test_a_pledge_whose_charge_alone_was_heard_of_before_the_erasure_ends_with_the_account",
            "behaviours.test_erased::test_a_refund_that_comes_late_is_booked_and_tells_nobody",
        ),
    ),
    Behaviour(
        "API-version drift of the endpoint",
        ("behaviours.test_events::test_an_endpoint_of_another_version_is_heard_and_the_difference_logged",),
    ),
)

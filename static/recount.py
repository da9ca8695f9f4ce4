"""Counts a round again: python3 recount.py ballots.csv topics.csv

Both files stand beside the results of a round. Needs Python 3.9 or newer, and nothing else.
"""

import csv
import sys
from hashlib import sha256


def rows(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


ballots, topics = rows(sys.argv[1]), rows(sys.argv[2])
round_slug, winners = topics[0]["round"], int(topics[0]["winners"])

# Each topic on a ballot has one vote; naming it twice gives it no second one.
votes = {topic["slug"]: 0 for topic in topics}
for ballot in ballots:
    for slug in set(ballot["choices"].split()):
        votes[slug] += 1


# Most votes first. Where votes are equal: the earlier proposal, then the smaller SHA-256 of round and topic.
def place(slug, proposed_at):
    return -votes[slug], proposed_at, sha256(f"{round_slug}\n{slug}".encode()).hexdigest()


ranked = sorted(topics, key=lambda topic: place(topic["slug"], topic["proposed_at"]))
able = [topic["slug"] for topic in ranked if topic["can_win"] == "yes" and votes[topic["slug"]]]
print(f"{round_slug}: {len(ballots)} ballots")
for rank, topic in enumerate(ranked, start=1):
    chosen = "yes" if topic["slug"] in able[:winners] else "no"
    counted = (str(votes[topic["slug"]]), str(rank), chosen)
    says = "as published" if counted == (topic["votes"], topic["rank"], topic["chosen"]) else "NOT AS PUBLISHED"
    print(f"{rank}. {topic['slug']}: {counted[0]} votes, chosen: {chosen}, {says}")

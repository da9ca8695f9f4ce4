"""What members propose and choose: topics, rounds, roll, ballots, tally, results."""

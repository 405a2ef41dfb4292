"""What is asked: questions and their kinds, the journal of every public act, and how questions are resolved."""

"""What people said, and how well: forecasters, forecasts, scores, boards, and the accounts behind them."""

import os

# Before numpy is imported: the matrices of a board are small, and other requests want the other cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

"""What people said, and how well: forecasters, forecasts, scores, boards, and the accounts behind them."""

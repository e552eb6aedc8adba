"""How well each way of recommending finds what households finished later."""

"""What more findings cost and need: limits, prices, a burst simulated, and the page with them."""

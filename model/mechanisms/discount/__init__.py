"""Limited-time discounts."""

"""The field's vocabulary: campaigns, offers, orders, the decision rule, social distance."""

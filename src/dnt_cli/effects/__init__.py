"""Effects of the intervention: every model on every completed data set, pooled by Rubin's rules."""

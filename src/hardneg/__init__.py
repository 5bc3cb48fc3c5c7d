"""Hard negatives for contrastive training: mined, selected, validated, explained."""

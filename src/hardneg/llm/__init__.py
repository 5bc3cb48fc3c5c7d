"""What asks language models: `judging` and `generating`, which know how to ask and to read an answer."""

"""What every stage may know: records, settings, errors, files, stores and the component registries."""

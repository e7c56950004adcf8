"""What people read: templates, words, brand."""

"""What runs in Lambda. Imports point inward: entries, then services, then rules, records and objects."""

"""Contact CRM."""

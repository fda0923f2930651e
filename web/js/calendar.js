// Pages of activities: the week, and the form with its search for a contact.
import "./elements/crm-combobox.js";
import "./elements/crm-week.js";

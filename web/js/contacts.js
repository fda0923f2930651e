// The table of contacts and a contact's page.
import "./elements/crm-cells.js";
import "./elements/crm-composer.js";
import "./elements/crm-order.js";
import "./elements/crm-peek.js";
import "./elements/crm-picks.js";
import "./elements/crm-read.js";

// Pages of the import wizard.
import "./elements/crm-upload.js";

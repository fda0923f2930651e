// Pages that take files.
import "./elements/crm-upload.js";

// Every page loads this: htmx with its event stream, and the behaviours of the frame.
import "htmx.org/dist/htmx.esm.js";
import "htmx.org/dist/ext/hx-sse.js";
import "./busy.js";
import "./dialogs.js";
import "./focus.js";
import "./hotkeys.js";
import "./live.js";
import "./popover.js";
import "./rows.js";
import "./forms.js";
import "./elements/crm-live.js";
import "./elements/crm-palette.js";
import "./elements/crm-theme.js";
import "./elements/crm-time.js";
import "./elements/crm-toast.js";
import "./elements/crm-tooltip.js";

// The browsable description of the API: Swagger UI on our own document, nothing from elsewhere.
import { SwaggerUIBundle } from "swagger-ui-dist/swagger-ui-es-bundle.js";

SwaggerUIBundle({
  url: document.getElementById("docs").dataset.url,
  dom_id: "#docs",
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null,
});

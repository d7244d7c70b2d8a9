"use strict";

const darkMode = window.matchMedia("(prefers-color-scheme: dark)");
const followColorScheme = () => document.documentElement.classList.toggle("dark-mode", darkMode.matches);
followColorScheme();
darkMode.addEventListener("change", followColorScheme);

const target = document.getElementById("swagger-ui");
SwaggerUIBundle({
  domNode: target,
  url: target.dataset.specUrl,
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  filter: true,
  layout: "BaseLayout",
  persistAuthorization: false,
  tryItOutEnabled: true,
  // The default would send the document's address to a validator on another host.
  validatorUrl: null,
});

"use strict";

const target = document.getElementById("redoc");
Redoc.init(target.dataset.specUrl, { disableSearch: false }, target);

/** The scripts of every page: what changes is put in, times age, forms send, settings are kept. */

import { startForms } from "./forms.js";
import { follow } from "./live.js";
import { startReplay } from "./replay.js";
import { startSettings } from "./settings.js";
import { startTimes } from "./times.js";

startTimes();
startSettings();
startForms();
startReplay();
if (document.querySelector("meta[name=closeloop-mark]")) follow();

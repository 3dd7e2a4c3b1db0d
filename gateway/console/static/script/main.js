/** The scripts of every page: what changes is put in, times age, forms send, settings are kept. */

import { startActing } from "./acting.js";
import { startForms } from "./forms.js";
import { startKeys } from "./keys.js";
import { follow } from "./live.js";
import { startReplay } from "./replay.js";
import { startSettings } from "./settings.js";
import { startSilencing } from "./silencing.js";
import { startTimes } from "./times.js";
import { startTrial } from "./trial.js";

// Messages of earlier versions lead to `/#/cases/12`.
const earlier = /^#\/(cases(?:\/\d+)?|silences)$/.exec(location.hash);
if (earlier) location.replace(`/${earlier[1]}`);

startTimes();
startSettings();
startActing();
startSilencing();
startForms();
startReplay();
startKeys();
startTrial();
if (document.querySelector("meta[name=closeloop-mark]")) follow();

// From here on forms are sent by the scripts, those that could not wait first.
document.documentElement.dataset.ready = "";
document.dispatchEvent(new CustomEvent("closeloop:ready"));

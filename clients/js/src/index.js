/** closeloop for browsers and Node: touchpoints, responses, and a survey of one question. */

export { Closeloop } from "./client.js";
export { showSurvey } from "./survey.js";

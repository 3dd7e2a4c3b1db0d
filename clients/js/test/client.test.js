/** The client in Node, against a gateway that the test plays: `node --test clients/js/test`. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { judge, pause } from "../src/answers.js";
import { fingerprint } from "../src/events.js";
import { Closeloop } from "../src/index.js";
import { Queue } from "../src/queue.js";

/** A gateway that keeps what it gets and answers as it is told: a status, or a function of the events. */
function gateway(...answers) {
  const requests = [];
  const answer = async (url, init) => {
    const events = JSON.parse(init.body);
    requests.push({ url, init, events });
    const next = answers.length > 1 ? answers.shift() : answers[0];
    if (next === undefined) return Response.json({ results: [] }, { status: 202 });
    if (next instanceof Error) throw next;
    return typeof next === "function" ? next(events) : new Response("", { status: next });
  };
  return { requests, answer };
}

function client(answer, options = {}) {
  const problems = [];
  const made = new Closeloop({
    url: "https://gateway.test/",
    source: "/test",
    key: "clk_public",
    fetch: answer,
    flushAfter: 60_000,
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
  return { made, problems };
}

const touchpoint = (n) => ({ customer_id: `c${n}`, touchpoint: "order.delivered" });

test("events go as one batch of CloudEvents, with the key", async () => {
  const { requests, answer } = gateway();
  const { made } = client(answer);
  const first = made.touchpoint(touchpoint(1), { id: "t-1", time: new Date(0) });
  made.response({ customer_id: "c1", metric: "nps", score: 3 });
  const counts = await made.close();
  assert.equal(first, "t-1");
  assert.deepEqual(counts, { accepted: 2, rejected: 0, dropped: 0, unconfirmed: 0, waiting: 0 });
  assert.equal(requests.length, 1);
  assert.equal(requests[0].url, "https://gateway.test/v1/events");
  assert.equal(requests[0].init.headers.Authorization, "Bearer clk_public");
  assert.equal(requests[0].init.headers["Content-Type"], "application/cloudevents-batch+json");
  assert.deepEqual(requests[0].events[0], {
    specversion: "1.0",
    id: "t-1",
    source: "/test",
    type: "closeloop.touchpoint.v1",
    time: "1970-01-01T00:00:00.000Z",
    data: { customer_id: "c1", touchpoint: "order.delivered" },
  });
  assert.equal(requests[0].events[1].type, "closeloop.response.v1");
});

test("without an answer the same events go again with the same ids", async () => {
  const { requests, answer } = gateway(new TypeError("network"), 503, 429, undefined);
  const { made } = client(answer);
  made.touchpoint(touchpoint(1));
  made.touchpoint(touchpoint(2));
  for (let round = 0; round < 3; round += 1) assert.equal((await made.flush()).waiting, 2);
  assert.equal((await made.close()).accepted, 2);
  const ids = requests.map((request) => request.events.map((event) => event.id).join());
  assert.equal(ids.length, 4);
  assert.equal(new Set(ids).size, 1);
});

test("it sends again by itself, after a pause", async () => {
  let arrived;
  const there = new Promise((resolve) => {
    arrived = resolve;
  });
  const { requests, answer } = gateway(503, () => {
    arrived();
    return Response.json({ results: [] }, { status: 202 });
  });
  const { made } = client(answer, { flushAfter: 1 });
  made.touchpoint(touchpoint(1));
  const alive = setInterval(() => {}, 1000); // the client's own timer keeps no process alive
  await there;
  clearInterval(alive);
  await made.close();
  assert.equal(requests.length, 2);
});

test("a bad event is told of, and does not hold up the others", async () => {
  const { answer } = gateway((events) =>
    Response.json(
      {
        accepted: 1,
        rejected: 1,
        results: events.map((event) =>
          event.data.score > 10
            ? { id: event.id, status: "rejected", field: "data.score", problem: "outside its scale 0..10" }
            : { id: event.id, status: "accepted" },
        ),
      },
      { status: 202 },
    ),
  );
  const { made, problems } = client(answer);
  made.response({ customer_id: "c1", metric: "nps", score: 11 }, { id: "bad" });
  made.response({ customer_id: "c1", metric: "nps", score: 9 }, { id: "good" });
  assert.deepEqual(await made.close(), { accepted: 1, rejected: 1, dropped: 0, unconfirmed: 0, waiting: 0 });
  assert.deepEqual(problems, [
    { kind: "rejected", id: "bad", field: "data.score", problem: "outside its scale 0..10" },
  ]);
});

test("a batch that is too large goes in halves", async () => {
  const { requests, answer } = gateway((events) =>
    events.length > 2 ? new Response("", { status: 413 }) : Response.json({ results: [] }, { status: 202 }),
  );
  const { made } = client(answer);
  for (let n = 0; n < 8; n += 1) made.touchpoint(touchpoint(n), { id: `t-${n}` });
  assert.equal((await made.close()).accepted, 8);
  const taken = requests.filter((request) => request.events.length <= 2).flatMap((request) => request.events);
  assert.deepEqual(taken.map((event) => event.id), [0, 1, 2, 3, 4, 5, 6, 7].map((n) => `t-${n}`));
});

test("a wrong key is told of, and the events wait", async () => {
  const { made, problems } = client(gateway(401).answer);
  made.touchpoint(touchpoint(1));
  assert.equal((await made.close()).waiting, 1);
  assert.equal(problems[0].kind, "refused");
});

test("a full queue lets the oldest go, counts them and says so", async () => {
  const { requests, answer } = gateway();
  const { made, problems } = client(answer, { limit: 3 });
  for (let n = 0; n < 5; n += 1) made.touchpoint(touchpoint(n), { id: `t-${n}` });
  assert.equal((await made.close()).dropped, 2);
  assert.deepEqual(requests[0].events.map((event) => event.id), ["t-2", "t-3", "t-4"]);
  assert.equal(problems.filter((problem) => problem.kind === "dropped").length, 2);
});

test("nothing that the host does wrong is thrown at it", async () => {
  const { made, problems } = client(gateway().answer, {
    onProblem: (problem) => {
      problems.push(problem);
      throw new Error("the host's own");
    },
  });
  const loop = {};
  loop.self = loop;
  const wrong = [undefined, null, {}, { customer_id: 7, touchpoint: "x" }, { ...touchpoint(1), attributes: loop }];
  for (const data of wrong) assert.equal(made.touchpoint(data), "");
  assert.equal(made.response({ customer_id: "c1", metric: "nps", score: 3.5 }), "");
  assert.equal(made.touchpoint(touchpoint(1), { time: new Date(Number.NaN) }), "");
  assert.equal((await made.close()).rejected, 7);
  assert.equal(made.touchpoint(touchpoint(1)), "");
});

test("what an answer means", () => {
  const ids = ["a", "b"];
  assert.equal(judge(202, { results: [] }, ids).next, "done");
  assert.equal(judge(202, null, ids).next, "refused");
  for (const status of [0, 408, 425, 429, 500, 502, 503, 504]) assert.equal(judge(status, null, ids).next, "later");
  assert.equal(judge(503, null, ids, "7").wait, 7);
  assert.equal(judge(503, null, ids, "soon").wait, undefined);
  for (const status of [401, 403, 404, 405, 415, 301]) assert.equal(judge(status, null, ids).next, "refused");
  assert.equal(judge(400, { error: { field: "", problem: "not JSON" } }, ids).next, "split");
  assert.deepEqual(judge(400, { error: { field: "time", problem: "is missing" } }, ["a"]).rejected, [
    { id: "a", field: "time", problem: "is missing" },
  ]);
  const all = { results: [{ id: "a", status: "rejected", field: "id", problem: "no" }, { id: "b", status: "rejected" }] };
  assert.deepEqual(judge(400, all, ids).rejected.map((one) => one.id), ids);
});

test("what answers in the gateway's place takes nothing: a sign-in page, a portal, a site that says 200 to all", async () => {
  const page = () => new Response("<!doctype html><title>Sign in</title>", { status: 200 });
  const { requests, answer } = gateway(page, () => Response.json({ ok: true }), () => new Response(null, { status: 204 }), undefined);
  const { made, problems } = client(answer);
  made.touchpoint(touchpoint(1), { id: "kept" });
  for (let round = 0; round < 3; round += 1) assert.equal((await made.flush()).waiting, 1);
  assert.deepEqual(problems.map((one) => one.kind), ["refused", "refused", "refused"]);
  assert.match(problems[0].problem, /^200 .*url/);
  assert.equal((await made.close()).accepted, 1);
  assert.equal(requests.length, 4);
});

test("a wait that no timer can count is an hour", async () => {
  assert.equal(judge(503, null, ["a"], "99999999999").wait, 3600);
  assert.equal(judge(503, null, ["a"], "Infinity").wait, 3600);
  assert.equal(judge(503, null, ["a"], "-5").wait, undefined);
});

test("a host's function that fails later is not left to end the process", async () => {
  const unhandled = [];
  const hear = (reason) => unhandled.push(reason);
  process.on("unhandledRejection", hear);
  const { made } = client(gateway(401).answer, { onProblem: async () => { throw new Error("the host's own"); } });
  made.touchpoint(touchpoint(1));
  await made.close();
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off("unhandledRejection", hear);
  assert.deepEqual(unhandled, []);
});

test("what is larger than the gateway takes is said at once, and not kept", async () => {
  const { requests, answer } = gateway();
  const { made, problems } = client(answer);
  assert.equal(made.response({ customer_id: "c1", metric: "nps", score: 1, comment: "好".repeat(30_000) }), "");
  assert.equal(made.touchpoint(touchpoint(1), { id: 17 }), "");
  assert.equal(made.touchpoint(touchpoint(1), { id: "" }), "");
  assert.notEqual(made.touchpoint(touchpoint(1), null), "");
  assert.deepEqual(problems.map((one) => one.problem), [
    "the event has over 65,536 bytes", "id: give a text", "id: give a text",
  ]);
  assert.equal((await made.close()).accepted, 1);
  assert.equal(requests[0].events.length, 1);
});

test("pauses double up to a minute, are shortened at random, and never below what was asked for", () => {
  assert.deepEqual([1, 2, 3, 20].map((n) => pause(n, undefined, 1)), [1, 2, 4, 60]);
  assert.equal(pause(3, undefined, 0), 2);
  assert.equal(pause(1, 30, 0), 30);
});

test("what a closing page handed over is sent again only while it is surely known again", () => {
  const queue = new Queue(null, "q:", 10);
  for (const kind of ["touchpoint", "response"]) queue.add({ id: kind, kind, body: "{}" });
  queue.add({ id: "never handed over", kind: "touchpoint", body: "{}" });
  queue.mark(queue.first(2, 1000), 1_000_000);
  assert.equal(queue.settle(1_000_000 + 54 * 60_000), 0);
  assert.equal(queue.settle(1_000_000 + 56 * 60_000), 1);
  assert.deepEqual(queue.first(10, 1000).map((entry) => entry.id), ["response", "never handed over"]);
  assert.equal(queue.settle(1_000_000 + 24 * 3_600_000), 1);
  assert.equal(queue.size, 1);
});

test("what another page has sent meanwhile is not brought back by noting that it was handed over", () => {
  const queue = new Queue(null, "q:", 10);
  queue.add({ id: "a", kind: "touchpoint", body: "{}" });
  const entries = queue.first(10, 1000);
  queue.remove(entries[0].key);
  queue.mark(entries, 1_000_000);
  assert.equal(queue.size, 0);
});

/** A browser's page, as far as the client looks at it. */
function page(storage) {
  const heard = {};
  const listen = (name, hear) => { heard[name] = hear; };
  const names = { document: { visibilityState: "visible", addEventListener: listen, removeEventListener() {} },
    localStorage: storage, location: { href: "https://shop.test/", origin: "https://shop.test" },
    addEventListener: listen, removeEventListener() {}, navigator: { onLine: true } };
  const before = Object.keys(names).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]);
  for (const [name, value] of Object.entries(names)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  const restore = () => {
    for (const [name, property] of before) {
      if (property) Object.defineProperty(globalThis, name, property);
      else delete globalThis[name];
    }
  };
  return { heard, restore };
}

/** As localStorage: what is kept are its own properties. */
function keeping() {
  return Object.create({
    getItem(key) { return Object.hasOwn(this, key) ? this[key] : null; },
    setItem(key, text) { this[key] = text; },
    removeItem(key) { delete this[key]; },
  });
}

test("a page that closes hands over once what it keeps, and again what it made after", async () => {
  const { heard, restore } = page(keeping());
  const sent = [];
  let closed = false;
  const { made } = client((_, init) => {
    sent.push(JSON.parse(init.body).map((event) => event.id));
    return closed ? Response.json({ results: [] }, { status: 202 }) : new Promise(() => {});
  });
  made.touchpoint(touchpoint(1), { id: "a" });
  heard.pagehide();
  document.visibilityState = "hidden";
  heard.visibilitychange();
  made.touchpoint(touchpoint(1), { id: "b" });
  heard.pagehide();
  const handedOver = [...sent];
  closed = true;
  await made.close();
  restore();
  assert.deepEqual(handedOver, [["a"], ["b"]]);
});

test("what a page handed over in vain is not given up while it sees that it does not arrive", async () => {
  const { heard, restore } = page(keeping());
  const { made } = client(gateway(503).answer);
  made.touchpoint(touchpoint(1), { id: "a" });
  heard.pagehide();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const kept = Object.values(localStorage).map((text) => JSON.parse(text));
  await made.close();
  restore();
  assert.deepEqual(kept.map((entry) => [entry.id, entry.left ?? 0]), [["a", 0]]);
});

test("a storage that lets nothing be taken away is no reason to send without end", async () => {
  const storage = Object.assign(keeping(), {});
  Object.getPrototypeOf(storage).removeItem = () => { throw new DOMException("denied", "SecurityError"); };
  const { restore } = page(storage);
  const { requests, answer } = gateway();
  const { made } = client(answer);
  for (let n = 0; n < 3; n += 1) made.touchpoint(touchpoint(n));
  const counts = await Promise.race([made.flush(), new Promise((resolve) => setTimeout(resolve, 1000))]);
  await made.close();
  restore();
  assert.ok(counts);
  assert.ok(requests.length <= 3, String(requests.length));
});

test("customers are kept apart, whatever their ids look like", () => {
  const seen = new Set();
  for (let n = 0; n < 100_000; n += 1) seen.add(fingerprint(`c${n}`)).add(fingerprint(`customer-${n}@example.com`));
  assert.equal(seen.size, 200_000);
  assert.notEqual(fingerprint("é"), fingerprint("è"));
  assert.match(fingerprint("ana@example.com"), /^[0-9a-z]{8,14}$/);
});

test("a storage that is full or holds other things loses nothing", () => {
  const held = Object.assign(Object.create({
    getItem(key) { return this[key] ?? null; },
    setItem() { throw new DOMException("full", "QuotaExceededError"); },
    removeItem(key) { delete this[key]; },
  }), { "q:000-a": "not JSON", "q:001-b": '{"kind":"constructor","body":"{}"}', other: "the host's" });
  const queue = new Queue(held, "q:", 10);
  queue.add({ id: "a", kind: "touchpoint", body: "{}" });
  assert.deepEqual(queue.first(10, 1000).map((entry) => entry.id), ["a"]);
  assert.deepEqual(Object.keys(held), ["other"]);
});

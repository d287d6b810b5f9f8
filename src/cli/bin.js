#!/usr/bin/env node
// Starts the command line in a Node that is recent enough, with flags that fit the work: compiled code in a published package; in a clone
// the TypeScript itself, on the project's own Node where this one is too old for it.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

// What campaigns know is written over what they knew, so that little outlives a tick: a small young generation stays in the processor's cache, and objects
// that V8 expects to live long, because the first ones did, must not be made in the old one, which grows in small steps. And a decision is many small functions over fractions: each that
// is not inlined puts its result into an object of its own, so that V8's budget for inlining, doubled, makes a tenth of the time of a decision.
const FLAGS = JSON.parse(readFileSync(new URL("node-flags.json", import.meta.url), "utf8"));

const compiled = new URL("../../dist/src/cli/main.js", import.meta.url);
const source = new URL("./main.ts", import.meta.url);
const projectNode = fileURLToPath(new URL("../../node_modules/.bin/node", import.meta.url));
const [major, minor] = process.versions.node.split(".").map(Number);
const isRecent = major > 22 || (major === 22 && minor >= 18);

// A package has no sources, a clone has: there they win over what an earlier build has left behind.
const entry = existsSync(source) ? source : compiled;

if (isRecent || existsSync(projectNode)) {
  const node = isRecent ? process.execPath : projectNode;
  // The channel carries nothing: the child sees by its end that this process is gone, and ends too.
  const stdio = ["inherit", "inherit", "inherit", "ipc"];
  const child = spawn(node, [...FLAGS, fileURLToPath(entry), ...process.argv.slice(2)], { stdio });
  // From a terminal Ctrl-C reaches both; this one only waits. From elsewhere it is passed on.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    console.error(`error: ${node} does not start: ${error.message}`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
} else {
  console.error(
    `error: campaign-engine needs Node 22.18 or newer; this is ${process.versions.node}. In a clone, run npm ci first.`,
  );
  process.exitCode = 1;
}

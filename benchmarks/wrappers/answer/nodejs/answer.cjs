// The answer of a Node.js function, the same on every platform.
//
// A platform's handler takes the event off its transport, calls answer(), and
// sends the text back. The function itself is function/function.js beside this
// file, or function.mjs, with the entry point handler, async or not. This file is
// CommonJS by its name, whatever the function's package.json says.
//
//   own()      first, where the process is the wrapper's own
//   load()     loads the function's module: in a platform's init phase, where it
//              has one; the first call does it otherwise
//   answer()   a call, answered with text: call() and then encode()
//   call()     a call, answered with a value, for a runtime that encodes values
//
// Several calls may be under way at once. The CPU time of an answer is that of
// the process, so it is then also that of other calls.
//
// Everything that an answer needs is loaded and opened before the handler is
// called: it may use up what the process can open.
'use strict';

const fs = require('fs');
const path = require('path');
const { performance } = require('perf_hooks');

const functionFolder = path.join(__dirname, 'function');
const most = 4096; // characters of an error's message
const boot = Math.floor(performance.timeOrigin * 1000);
const worker = randomId();

let loaded = null; // a promise of the handler, or of why there is none
let init = null; // how long loading took the first time, µs
let count = 0;
let sandbox = '';
let background = null; // an error that no call was there to take
let broken = false; // the process can no longer be trusted
const underway = new Set(); // what ends the calls that are under way

// own has errors outside a call's own promise (of a timer, an emitter, a promise
// that nobody awaits) fail the calls under way; without any, the next one.
function own() {
  process.on('uncaughtException', stray);
  process.on('unhandledRejection', stray);
}

function stray(error) {
  broken = true;
  if (underway.size === 0) background = error;
  for (const fail of underway) fail(error);
}

// load loads the function's module, once. Where that fails, the first call is
// answered with the error, and the next one tries again.
async function load() {
  await loading();
}

function loading() {
  if (loaded === null) {
    const start = process.hrtime.bigint();
    loaded = find().then((handler) => ({ handler }), (error) => ({ error: describe('init', error) })).then((l) => {
      if (init === null) init = Number((process.hrtime.bigint() - start) / 1000n);
      return l;
    });
  }
  return loaded;
}

// answer calls the function and resolves to the answer's text, whether it
// failed, and whether the process can no longer be trusted.
async function answer(event, platformRequest = '') {
  const { text, failed } = encode(await call(event, platformRequest));
  return { text, failed, broken };
}

// call calls the function and resolves to the answer as a value. Its result is
// what the handler returned, which may be nothing that JSON has: encode() says
// so.
async function call(event, platformRequest = '') {
  count++;
  const income = Date.now() / 1000;
  const isObject = event !== null && typeof event === 'object' && !Array.isArray(event);
  const request = isObject && event['request-id'] !== undefined ? event['request-id'] : '';
  const a = {
    request: String(request),
    platform_request: platformRequest,
    begin_us: 0,
    end_us: 0,
    handler_ns: 0,
    init_us: 0,
    boot_us: boot,
    sandbox: '',
    cold: false,
    worker,
    worker_cold: count === 1,
    count,
    cpu_us: 0,
    memory_bytes: 0,
    result: null,
    measurement: null,
    error: null,
  };
  if (sandbox === '') [sandbox, a.cold] = enterSandbox();
  a.sandbox = sandbox;
  let fail;
  const strays = new Promise((_, reject) => { fail = reject; });
  strays.catch(() => {});
  underway.add(fail);
  if (background !== null) fail(background);
  const { handler, error } = await loading();
  if (error !== undefined) {
    a.error = error;
    loaded = null;
  }
  if (a.worker_cold) a.init_us = init;
  a.begin_us = now();
  a.end_us = a.begin_us;
  if (a.error === null) await run(a, handler, event, isObject, income, strays);
  underway.delete(fail);
  a.memory_bytes = peakMemory();
  return a;
}

// encode returns an answer's text, and whether the call failed: also where what
// the handler returned has no JSON.
function encode(a) {
  let text;
  try {
    text = JSON.stringify(a);
  } catch (error) {
    a.result = a.measurement = null;
    delete a.others;
    a.error = describe('handler', error);
    text = JSON.stringify(a);
  }
  return { text, failed: a.error !== null };
}

// run calls the handler and fills in times, result and error.
async function run(a, handler, event, isObject, income, strays) {
  let returned;
  const cpu = process.cpuUsage();
  a.begin_us = now();
  const start = process.hrtime.bigint();
  try {
    if (!isObject) throw new TypeError('the event is not a JSON object');
    event['request-id'] = a.request;
    event['income-timestamp'] = income;
    returned = await Promise.race([handler(event), strays]);
  } catch (error) {
    a.error = describe('handler', error);
  }
  a.handler_ns = Number(process.hrtime.bigint() - start);
  a.end_us = now();
  const used = process.cpuUsage(cpu);
  a.cpu_us = used.user + used.system;
  if (a.error !== null) return;
  a.result = returned === undefined ? null : returned;
  if (returned !== null && typeof returned === 'object' && !Array.isArray(returned)) {
    if ('result' in returned) {
      const { result, measurement, ...others } = returned;
      a.result = result;
      if (Object.keys(others).length > 0) a.others = others;
    }
    if (returned.measurement !== undefined) a.measurement = returned.measurement;
    if (typeof a.measurement !== 'object' || Array.isArray(a.measurement)) {
      a.measurement = null;
      a.error = describe('handler', new TypeError('the measurement is not an object'));
    }
  }
}

// The function's file, the first of these that exists.
const entries = ['function.js', 'function.mjs', 'function.cjs'];

// find returns the function's handler.
async function find() {
  const name = entries.find((n) => fs.existsSync(path.join(functionFolder, n))) || entries[0];
  const file = path.join(functionFolder, name);
  const asModule = () => import(require('url').pathToFileURL(file).href);
  let module;
  if (name.endsWith('.mjs') || (name.endsWith('.js') && areModules())) {
    module = await asModule();
  } else {
    try {
      module = require(file);
    } catch (error) {
      if (!error || !/^ERR_REQUIRE_(ESM|ASYNC_MODULE)$/.test(error.code)) throw error;
      module = await asModule();
    }
  }
  const handler = module.handler || (module.default && module.default.handler);
  if (typeof handler !== 'function') throw new TypeError(`${name} does not export a function called handler`);
  return handler;
}

// areModules says whether files that end in .js are ES modules.
function areModules() {
  try {
    return JSON.parse(fs.readFileSync(path.join(__dirname, 'package.json'), 'utf8')).type === 'module';
  } catch {
    return false; // there is none
  }
}

// describe describes what was thrown, and prints it with its trace.
function describe(phase, error) {
  let type = typeof error;
  let message = '(the error cannot be printed)';
  let more = '';
  try {
    if (error instanceof Error || (error && error.message !== undefined)) {
      type = error.name || type;
      message = String(error.message);
    } else {
      message = String(error);
    }
    if (error && /^(ERR_)?MODULE_NOT_FOUND$/.test(error.code)) [message, more] = lacking(message);
    more += place(error);
    fs.writeSync(2, `${error && error.stack ? error.stack : message}\n`);
  } catch {
    // Standard error may be closed.
  }
  return { phase, type: String(type), message: message.slice(0, most) + more };
}

// lacking splits the message of a module that was not found: what was not
// found, and what that needs.
function lacking(message) {
  const [line] = message.split('\n');
  const [, name = ''] = /'(.*?)'/.exec(line) || []; // as it was written, or the file that it means
  if (name === path.join(functionFolder, entries[0])) return [line, ': the language\'s folder has no function.js'];
  const [, shim] = /^(?:\.|.*\/function)\/(storage|nosql)(?:\.js)?$/.exec(name) || [];
  if (shim) return [line, `: config.json must name the module ${shim}`];
  return [line, /^[./]/.test(name) ? '' : ': package.json does not name it among its dependencies'];
}

// place returns the first line of an error's stack that is of the function's
// own files.
function place(error) {
  const own = functionFolder + path.sep;
  const stack = error && error.stack ? String(error.stack) : '';
  const line = stack.split('\n').find((l) => l.includes(own) && /:\d/.test(l)
    && !/node_modules|function\/(storage|nosql|sigv4)\.c?js/.test(l)); // not the function's own
  const [, file, number] = (line && /^([^:]*):(\d+)/.exec(line.slice(line.indexOf(own) + own.length))) || [];
  return file ? ` (${file}, line ${number})` : '';
}

// enterSandbox returns the sandbox's id, and whether this call made it.
function enterSandbox() {
  const file = path.join(process.env.TMPDIR || '/tmp', '.sebs-sandbox');
  const id = randomId();
  try {
    fs.writeFileSync(file, id, { flag: 'wx', mode: 0o600 });
    return [id, true];
  } catch (error) {
    if (error.code !== 'EEXIST') return [worker, count === 1]; // no place to write: the process is all that can be told
  }
  for (let i = 0; i < 100; i++) { // another process may be about to write it
    const found = fs.readFileSync(file, 'utf8');
    if (found !== '') return [found, false];
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
  return [worker, false];
}

// randomId returns 16 random hexadecimal digits. The module crypto takes longer
// to load than the rest of this file.
function randomId() {
  let fd;
  try {
    fd = fs.openSync('/dev/urandom', 'r');
    const bytes = Buffer.alloc(8);
    if (fs.readSync(fd, bytes, 0, 8, null) === 8) return bytes.toString('hex');
  } catch {
    // No such device.
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
  return require('crypto').randomBytes(8).toString('hex');
}

// now returns Unix time in µs.
function now() {
  return Math.floor((performance.timeOrigin + performance.now()) * 1000);
}

const status = openStatus();
const statusText = Buffer.alloc(4096);

// openStatus opens what Linux knows of the process.
function openStatus() {
  try {
    return fs.openSync('/proc/self/status', 'r');
  } catch {
    return -1;
  }
}

// peakMemory returns the process's peak resident memory in bytes. Elsewhere
// than on Linux it is getrusage's figure, in which a process begins with its
// parent's.
function peakMemory() {
  try {
    const n = fs.readSync(status, statusText, 0, statusText.length, 0);
    const found = /VmHWM:\s*(\d+) kB/.exec(statusText.latin1Slice(0, n));
    if (found) return Number(found[1]) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}

exports.own = own;
exports.load = load;
exports.answer = answer;
exports.call = call;
exports.encode = encode;

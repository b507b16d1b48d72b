// Signed requests to a store that speaks a protocol of AWS.
//
// Requests are signed with version 4 and sent over connections that stay open.
// Nothing beyond the standard library is used, and nothing of it is loaded
// before the first request.
'use strict';

// Failure is a store's refusal of what was asked: "GET /bucket/key", or a
// table's operation. status is HTTP's, code the store's own word.
class Failure extends Error {
  constructor(status, code, message, asked) {
    super(`${asked}: ${code}: ${message} (HTTP status ${status})`);
    this.name = 'Failure';
    this.status = status;
    this.code = code;
  }
}

// environment returns a variable of the store's access, which the platform
// sets.
function environment(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: config.json must name the module in its list of modules`);
  return value;
}

// quote encodes text as signatures want it.
function quote(text) {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

// readAll returns everything that a stream has.
async function readAll(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

// Client sends requests to one service.
class Client {
  constructor(url, region, service, accessKey, secretKey) {
    this.url = new URL(url);
    this.region = region;
    this.service = service;
    this.accessKey = accessKey;
    this.secretKey = secretKey;
    this.day = '';
    this.key = null; // of that day
    this.agent = null;
  }

  // request sends a request and resolves to its response, a stream that must
  // be read. body is a string or Buffer, or a function that opens a stream of
  // length bytes.
  async request(method, path, { query = {}, headers = {}, body = '', length = undefined } = {}) {
    const target = path.split('/').map(quote).join('/');
    const search = Object.entries(query).map(([k, v]) => `${quote(k)}=${quote(v)}`).sort().join('&');
    const signed = this.sign(method, target, search, headers, body);
    signed['content-length'] = length === undefined ? Buffer.byteLength(body) : length;
    const response = await this.send(method, search ? `${target}?${search}` : target, signed, body);
    if (response.statusCode >= 300) throw await this.failure(response, headers['x-amz-target'] || `${method} ${path}`);
    return response;
  }

  async send(method, path, headers, body) {
    const http = this.url.protocol === 'https:' ? require('https') : require('http');
    if (this.agent === null) this.agent = new http.Agent({ keepAlive: true });
    for (;;) {
      let request;
      try {
        return await new Promise((resolve, reject) => {
          request = http.request({
            method, path, headers, agent: this.agent, hostname: this.url.hostname.replace(/^\[|\]$/g, ''), port: this.url.port,
          });
          request.on('response', resolve);
          request.on('error', reject);
          if (typeof body === 'function') {
            const stream = body();
            stream.on('error', (error) => request.destroy(error));
            stream.pipe(request);
          } else {
            request.end(body);
          }
        });
      } catch (error) {
        // The store may have closed a connection that was idle.
        if (!request.reusedSocket || !['ECONNRESET', 'EPIPE'].includes(error.code)) throw error;
      }
    }
  }

  async failure(response, asked) {
    const text = (await readAll(response)).toString('utf8', 0, 1 << 16);
    let code = 'Error';
    let message = response.statusMessage;
    try {
      const said = JSON.parse(text);
      code = String(said.__type || code).split('#').pop();
      message = said.message || said.Message || message;
    } catch {
      code = (/<Code>([^<]*)<\/Code>/.exec(text) || [null, code])[1];
      message = (/<Message>([^<]*)<\/Message>/.exec(text) || [null, message])[1];
    }
    return new Failure(response.statusCode, code, message, asked);
  }

  sign(method, path, search, more, body) {
    const crypto = require('crypto');
    const sha256 = (data) => crypto.createHash('sha256').update(data).digest('hex');
    const hmac = (key, data) => crypto.createHmac('sha256', key).update(data).digest();
    const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
    const day = time.slice(0, 8);
    if (this.day !== day) {
      this.key = [day, this.region, this.service, 'aws4_request'].reduce(hmac, `AWS4${this.secretKey}`);
      this.day = day;
    }
    // The content of an object is not hashed twice: it goes over loopback or
    // TLS.
    const content = this.service === 's3' ? 'UNSIGNED-PAYLOAD' : sha256(body);
    const headers = { ...more, host: this.url.host, 'x-amz-date': time, 'x-amz-content-sha256': content };
    const names = Object.keys(headers).sort();
    const signed = names.join(';');
    const canonical = [method, path, search, ...names.map((n) => `${n}:${headers[n]}`), '', signed, content].join('\n');
    const scope = `${day}/${this.region}/${this.service}/aws4_request`;
    const signature = hmac(this.key, ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')).toString('hex');
    headers.authorization = `AWS4-HMAC-SHA256 Credential=${this.accessKey}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
    return headers;
  }
}

module.exports = { Client, Failure, environment, readAll };

// The object store of a function: new storage.storage(), or
// storage.storage.get_instance().
'use strict';

const fs = require('fs');
const path = require('path');
const { Client, environment, readAll } = require('./sigv4.cjs');

const part = 8 << 20; // bytes of an upload in parts, the memory that a stream takes

let instance = null;

class storage {
  constructor() {
    this.client = new Client(
      environment('SEBS_STORAGE_URL'),
      process.env.SEBS_STORAGE_REGION || 'us-east-1',
      's3',
      environment('SEBS_STORAGE_ACCESS_KEY'),
      environment('SEBS_STORAGE_SECRET_KEY'),
    );
  }

  static get_instance() {
    if (instance === null) instance = new storage();
    return instance;
  }

  // unique_name returns a name with eight random digits before its extension.
  unique_name(name) {
    const extension = path.extname(name);
    const digits = require('crypto').randomBytes(4).toString('hex');
    return `${name.slice(0, name.length - extension.length)}.${digits}${extension}`;
  }

  // upload stores a file under a unique name made of key. It returns that name
  // and a promise of the end.
  upload(bucket, key, filepath) {
    const name = this.unique_name(key);
    const store = async () => {
      const { size } = await fs.promises.stat(filepath);
      await this.put(bucket, name, () => fs.createReadStream(filepath, { start: 0, end: Math.max(size - 1, 0) }), size);
    };
    return [name, store()];
  }

  // download stores an object in a file.
  async download(bucket, key, filepath) {
    const { pipeline } = require('stream/promises');
    await pipeline(await this.downloadStream(bucket, key), fs.createWriteStream(filepath));
  }

  // downloadDirectory stores all objects whose keys begin with prefix in files
  // directory/key.
  async downloadDirectory(bucket, prefix, directory) {
    for (const key of await this.list(bucket, prefix)) {
      if (key.split('/').includes('..')) throw new Error(`the object ${key} would be stored outside of ${directory}`);
      if (key.endsWith('/')) continue; // the marker of a folder
      const file = path.join(directory, key);
      await fs.promises.mkdir(path.dirname(file), { recursive: true });
      await this.download(bucket, key, file);
    }
  }

  // The name that functions of SeBS use.
  download_directory(bucket, prefix, directory) {
    return this.downloadDirectory(bucket, prefix, directory);
  }

  // uploadStream returns a stream whose content is stored under a unique name
  // made of key, a promise of the end, and that name.
  uploadStream(bucket, key) {
    const { Writable } = require('stream');
    const name = this.unique_name(key);
    let chunks = [];
    let size = 0;
    let upload = null; // id of an upload in parts
    const parts = [];
    const flush = async () => {
      const body = Buffer.concat(chunks);
      chunks = [];
      size = 0;
      if (upload === null) upload = await this.begin(bucket, name);
      parts.push(await this.putPart(bucket, name, upload, parts.length + 1, body));
    };
    const stream = new Writable({
      write: (chunk, _, done) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size < part) done();
        else flush().then(() => done(), done);
      },
      final: (done) => {
        const store = async () => {
          if (upload === null) {
            const body = Buffer.concat(chunks);
            await this.put(bucket, name, body, body.length);
            return;
          }
          if (size > 0) await flush();
          await this.complete(bucket, name, upload, parts);
        };
        store().then(() => done(), done);
      },
    });
    const stored = new Promise((resolve, reject) => {
      stream.on('finish', resolve);
      stream.on('error', reject);
    });
    return [stream, stored, name];
  }

  // downloadStream resolves to a stream of an object's content.
  downloadStream(bucket, key) {
    return this.client.request('GET', `/${bucket}/${key}`);
  }

  async put(bucket, key, body, length) {
    const headers = { 'content-type': 'application/octet-stream' };
    await readAll(await this.client.request('PUT', `/${bucket}/${key}`, { headers, body, length }));
  }

  async begin(bucket, key) {
    const answer = await readAll(await this.client.request('POST', `/${bucket}/${key}`, { query: { uploads: '' } }));
    return unescape(/<UploadId>([^<]*)<\/UploadId>/.exec(answer.toString())[1]);
  }

  async putPart(bucket, key, uploadId, partNumber, body) {
    const response = await this.client.request('PUT', `/${bucket}/${key}`, { query: { partNumber, uploadId }, body });
    await readAll(response);
    return `<Part><PartNumber>${partNumber}</PartNumber><ETag>${response.headers.etag}</ETag></Part>`;
  }

  async complete(bucket, key, uploadId, parts) {
    const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
    const answer = await readAll(await this.client.request('POST', `/${bucket}/${key}`, { query: { uploadId }, body }));
    // This refusal comes with a status of success.
    const code = /<Error>.*<Code>([^<]*)<\/Code>/s.exec(answer.toString());
    if (code) throw new Error(`store ${key}: ${code[1]}`);
  }

  // list resolves to the keys that begin with prefix, however many there are.
  async list(bucket, prefix) {
    const keys = [];
    let token = '';
    do {
      const query = { 'list-type': '2', prefix, 'encoding-type': 'url' };
      if (token) query['continuation-token'] = token;
      const page = (await readAll(await this.client.request('GET', `/${bucket}`, { query }))).toString();
      const encoded = /<EncodingType>url<\/EncodingType>/.test(page);
      for (const [, key] of page.matchAll(/<Key>([^<]*)<\/Key>/g)) {
        const name = unescape(key);
        keys.push(encoded ? decodeURIComponent(name.replace(/\+/g, '%20')) : name);
      }
      token = unescape((/<NextContinuationToken>([^<]*)</.exec(page) || [null, ''])[1]);
    } while (token);
    return keys;
  }
}

// unescape returns the text of an XML element.
function unescape(text) {
  const names = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex) return String.fromCodePoint(parseInt(hex, 16));
    if (decimal) return String.fromCodePoint(Number(decimal));
    return names[name] || whole;
  });
}

exports.storage = storage;

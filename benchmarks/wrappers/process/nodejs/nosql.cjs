// The NoSQL store of a function: nosql.nosql.get_instance(), or new
// nosql.nosql().
//
// Tables are named as the benchmark names them. A key is an array of its name
// and its value; the key of an item is a primary one and a secondary one, which
// is null for a table without.
'use strict';

const { Client, environment, readAll } = require('./sigv4.cjs');

let instance = null;

class nosql {
  constructor() {
    this.client = new Client(
      environment('SEBS_NOSQL_URL'),
      process.env.SEBS_NOSQL_REGION || 'us-east-1',
      'dynamodb',
      environment('SEBS_NOSQL_ACCESS_KEY'),
      environment('SEBS_NOSQL_SECRET_KEY'),
    );
  }

  static get_instance() {
    if (instance === null) instance = new nosql();
    return instance;
  }

  // insert stores an item, in the place of one with the same key.
  async insert(tableName, primaryKey, secondaryKey, data) {
    await this.call('PutItem', tableName, { Item: encodeItem({ ...data, ...keyOf(primaryKey, secondaryKey) }) });
  }

  // get resolves to an item with its key, or to undefined.
  async get(tableName, primaryKey, secondaryKey) {
    const answer = await this.call('GetItem', tableName, { Key: encodeItem(keyOf(primaryKey, secondaryKey)), ConsistentRead: true });
    return answer.Item === undefined ? undefined : decodeItem(answer.Item);
  }

  // update sets some values of an item, which is made if it does not exist.
  async update(tableName, primaryKey, secondaryKey, updates) {
    const names = Object.keys(updates);
    const request = { Key: encodeItem(keyOf(primaryKey, secondaryKey)) };
    if (names.length > 0) {
      request.UpdateExpression = `SET ${names.map((_, i) => `#n${i} = :v${i}`).join(', ')}`;
      request.ExpressionAttributeNames = Object.fromEntries(names.map((n, i) => [`#n${i}`, n]));
      request.ExpressionAttributeValues = Object.fromEntries(names.map((n, i) => [`:v${i}`, encode(updates[n])]));
    }
    await this.call('UpdateItem', tableName, request);
  }

  // query resolves to the items of a primary key, by their secondary keys.
  async query(tableName, primaryKey, _) {
    const request = {
      KeyConditionExpression: '#k = :v',
      ExpressionAttributeNames: { '#k': primaryKey[0] },
      ExpressionAttributeValues: { ':v': encode(primaryKey[1]) },
      ConsistentRead: true,
    };
    const items = [];
    do {
      const answer = await this.call('Query', tableName, request);
      items.push(...answer.Items.map(decodeItem));
      request.ExclusiveStartKey = answer.LastEvaluatedKey;
    } while (request.ExclusiveStartKey);
    return items;
  }

  // delete deletes an item. One that does not exist is not an error.
  async delete(tableName, primaryKey, secondaryKey) {
    await this.call('DeleteItem', tableName, { Key: encodeItem(keyOf(primaryKey, secondaryKey)) });
  }

  async call(operation, tableName, request) {
    const response = await this.client.request('POST', '/', {
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `DynamoDB_20120810.${operation}` },
      body: JSON.stringify({ ...request, TableName: environment(`SEBS_NOSQL_TABLE_${tableName}`) }),
    });
    return JSON.parse((await readAll(response)).toString());
  }
}

function keyOf(primaryKey, secondaryKey) {
  return Object.fromEntries([primaryKey, secondaryKey].filter(Boolean));
}

function encodeItem(item) {
  return Object.fromEntries(Object.entries(item).filter(([, v]) => v !== undefined).map(([k, v]) => [k, encode(v)]));
}

function decodeItem(item) {
  return Object.fromEntries(Object.entries(item).map(([k, v]) => [k, decode(v)]));
}

// encode returns a value as DynamoDB writes it.
function encode(v) {
  if (v === null || v === undefined) return { NULL: true };
  switch (typeof v) {
    case 'string': return { S: v };
    case 'boolean': return { BOOL: v };
    case 'bigint': return { N: String(v) };
    case 'number':
      if (!Number.isFinite(v)) throw new Error(`${v} cannot be stored`);
      return { N: String(v) };
    case 'object': break;
    default: throw new TypeError(`values of type ${typeof v} cannot be stored`);
  }
  if (Array.isArray(v)) return { L: v.map(encode) };
  if (v instanceof Set) return { L: [...v].map(encode) };
  if (v instanceof Uint8Array) return { B: Buffer.from(v).toString('base64') };
  if (typeof v.toJSON === 'function') return encode(v.toJSON());
  return { M: encodeItem(v) };
}

// decode returns the value that DynamoDB writes as v. A whole number too large
// to be exact is a BigInt.
function decode(v) {
  const [[kind, value]] = Object.entries(v);
  switch (kind) {
    case 'N': return number(value);
    case 'NULL': return null;
    case 'L': return value.map(decode);
    case 'M': return decodeItem(value);
    case 'B': return Buffer.from(value, 'base64');
    case 'NS': return value.map(number);
    default: return value; // S, BOOL, SS
  }
}

function number(text) {
  const n = Number(text);
  return /^-?\d+$/.test(text) && !Number.isSafeInteger(n) ? BigInt(text) : n;
}

exports.nosql = nosql;

const ms = require('ms');
const storage = require('./storage');

exports.handler = async (event) => {
  const chunks = [];
  for await (const chunk of await new storage.storage().downloadStream(event.bucket, event.key)) chunks.push(chunk);
  return { result: ms('0s') === 0 ? Buffer.concat(chunks).toString() : 'ms does not work' };
};

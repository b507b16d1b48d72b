// Renders a page that greets a user and lists random numbers.
'use strict';

const fs = require('fs');
const path = require('path');
const mustache = require('mustache');

const LIMIT = 1000000; // numbers are below it

const template = fs.readFileSync(path.join(__dirname, 'templates', 'template.html'), 'utf8');
mustache.parse(template);

exports.handler = async function (event) {
  const { username, random_len: count } = event;
  if (typeof username !== 'string') {
    throw new TypeError(`the event's username is ${typeof username}, want string`);
  }
  if (!Number.isInteger(count) || count < 0) {
    throw new RangeError(`the event's random_len is ${JSON.stringify(count)}, want an integer of at least 0`);
  }

  const numbers = Array.from({ length: count }, () => Math.floor(Math.random() * LIMIT));
  const time = new Date().toISOString().slice(0, 19).replace('T', ' ');
  return { result: mustache.render(template, { username, time, numbers }) };
};

// Sleeps for as long as the event says.
'use strict';

const { setTimeout: sleep } = require('timers/promises');

exports.handler = async function (event) {
  const seconds = event.sleep;
  if (typeof seconds !== 'number' || !(seconds >= 0)) {
    throw new RangeError(`the event's sleep is ${JSON.stringify(seconds)}, want a number of seconds of at least 0`);
  }
  await sleep(seconds * 1000);
  return { result: seconds };
};

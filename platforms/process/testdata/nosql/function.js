const nosql = require('./nosql');

exports.handler = async (event) => {
  const client = nosql.nosql.get_instance();
  const user = ['user', event.user];
  for (let i = 0; i < 3; i++) {
    await client.insert('cart', user, ['item', `i${i}`], { amount: i, price: i + 0.5, tags: ['a', { b: null }], paid: i === 1 });
  }
  await client.update('cart', user, ['item', 'i1'], { amount: 12345678901234567890n, name: 'ü' });
  await client.delete('cart', user, ['item', 'i2']);
  await client.delete('cart', user, ['item', 'missing']);
  const missing = (await client.get('cart', user, ['item', 'missing'])) === undefined ? 'undefined' : 'found';
  let unknown = '';
  try {
    await client.get('unknown', user, ['item', 'i1']);
  } catch (error) {
    unknown = error.message;
  }
  const got = await client.get('cart', user, ['item', 'i1']);
  const large = String(got.amount);
  const plain = (item) => ({ ...item, amount: Number(item.amount) });
  return {
    result: {
      got: plain(got), all: (await client.query('cart', user, 'item')).map(plain), missing, unknown, large,
    },
  };
};

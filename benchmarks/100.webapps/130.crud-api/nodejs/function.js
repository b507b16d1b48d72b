// Answers the requests of a shopping cart's API from a NoSQL table.
'use strict';

const nosql = require('./nosql');

const TABLE = 'shopping_cart';

const client = nosql.nosql.get_instance();

async function getProduct(cart, product) {
  const item = await client.get(TABLE, ['cart_id', cart], ['product_id', product]);
  if (item === undefined || item === null || Object.keys(item).length === 0) {
    throw new Error(`cart ${cart} has no product ${product}`);
  }
  return item;
}

async function getCart(cart) {
  const items = await client.query(TABLE, ['cart_id', cart], 'product_id');
  let cost = 0;
  let count = 0;
  for (const item of items) {
    cost += item.price * item.quantity;
    count += item.quantity;
  }
  return {
    products: items.map((item) => item.name),
    total_cost: cost,
    avg_price: count > 0 ? cost / count : 0,
  };
}

async function putProduct(cart, product, name, price, quantity) {
  await client.insert(TABLE, ['cart_id', cart], ['product_id', product], { name, price, quantity });
  return {};
}

function text(value, name) {
  if (typeof value !== 'string' || value === '') {
    throw new TypeError(`the request's ${name} is ${JSON.stringify(value)}, want a string that is not empty`);
  }
  return value;
}

function number(value, name) {
  if (!Number.isInteger(value)) {
    throw new TypeError(`the request's ${name} is ${JSON.stringify(value)}, want an integer`);
  }
  return value;
}

async function answer(request) {
  const { route, path, body } = request ?? {};
  if (typeof body !== 'object' || body === null) {
    throw new TypeError(`the request's body is ${JSON.stringify(body)}, want an object`);
  }
  const cart = text(body.cart, 'cart');
  switch (route) {
    case 'GET /cart':
      return getCart(cart);
    case 'GET /cart/{id}':
      return getProduct(cart, text(path?.id, 'path.id'));
    case 'PUT /cart':
      return putProduct(
        cart,
        text(body.product_id, 'product_id'),
        text(body.name, 'name'),
        number(body.price, 'price'),
        number(body.quantity, 'quantity'),
      );
    default:
      throw new Error(`unknown route ${JSON.stringify(route)}`);
  }
}

exports.handler = async function (event) {
  if (!Array.isArray(event.requests)) {
    throw new TypeError(`the event's requests are ${typeof event.requests}, want an array`);
  }
  const result = [];
  for (const request of event.requests) {
    result.push(await answer(request)); // one after another: later ones see what earlier ones put
  }
  return { result };
};

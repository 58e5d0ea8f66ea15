// Calls of @alicloud/mns.
const MNS = require('@alicloud/mns');
const { refused, suite } = require('./calls');

const { env } = process;
const Q = 'some-queue';
const T = 'some-topic';
const client = new MNS(env.ALIBABA_CLOUD_ACCOUNT_ID, {
  region: env.ALIBABA_CLOUD_REGION_ID,
  accessKeyId: env.ALIBABA_CLOUD_ACCESS_KEY_ID,
  accessKeySecret: env.ALIBABA_CLOUD_ACCESS_KEY_SECRET,
  endpoint: env.ALICLOUD_LOCAL_MNS_ENDPOINT,
});
let handle;
let rest;

suite({
  createQueue: () => client.createQueue(Q, { VisibilityTimeout: 60 }),
  setQueueAttributes: () => client.setQueueAttributes(Q, { DelaySeconds: 0 }),
  getQueueAttributes: async () => (await client.getQueueAttributes(Q)).body.VisibilityTimeout === '60',
  listQueue: async () => (await client.listQueue('', 10, 'some')).body.length >= 1,
  sendMessage: async () => (await client.sendMessage(Q, { MessageBody: 'first', Priority: 2 })).code === 201,
  batchSendMessage: async () => (await client.batchSendMessage(Q, [{ MessageBody: 'a' }, { MessageBody: 'b' }])).body.length === 2,
  peekMessage: async () => (await client.peekMessage(Q)).body.MessageBody === 'first',
  batchPeekMessage: async () => (await client.batchPeekMessage(Q, 5)).body.length === 3,
  receiveMessage: async () => { handle = (await client.receiveMessage(Q, 1)).body.ReceiptHandle; },
  changeMessageVisibility: async () => { handle = (await client.changeMessageVisibility(Q, handle, 30)).body.ReceiptHandle; },
  deleteMessage: async () => (await client.deleteMessage(Q, handle)).code === 204,
  batchReceiveMessage: async () => { rest = (await client.batchReceiveMessage(Q, 16, 1)).body.map((each) => each.ReceiptHandle); },
  'batchDeleteMessage with one that is unknown': async () => {
    const { body } = await client.batchDeleteMessage(Q, [rest[0], '8-none']);
    return body.length === 1 && body[0].ErrorCode === 'ReceiptHandleError';
  },
  batchDeleteMessage: async () => (await client.batchDeleteMessage(Q, rest.slice(1))).code === 204,
  createTopic: () => client.createTopic(T, { MaximumMessageSize: 2048 }),
  setTopicAttributes: () => client.setTopicAttributes(T, { LoggingEnabled: true }),
  getTopicAttributes: async () => (await client.getTopicAttributes(T)).body.MaximumMessageSize === '2048',
  listTopic: async () => (await client.listTopic('', 10, 'some')).body.length >= 1,
  publishMessage: async () => (await client.publishMessage(T, { MessageBody: 'hello', MessageTag: 'x' })).code === 201,
  deleteQueue: async () => (await client.deleteQueue(Q)).code === 204,
  'getQueueAttributes of none': refused(() => client.getQueueAttributes(Q), 'QueueNotExist'),
});

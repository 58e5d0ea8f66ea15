// Calls of @alicloud/fc2.
const FC = require('@alicloud/fc2');
const { refused, suite } = require('./calls');

const { env } = process;
const [S, F, T] = ['some-service', 'echo', 'some-trigger'];
const account = env.ALIBABA_CLOUD_ACCOUNT_ID;
const region = env.ALIBABA_CLOUD_REGION_ID;
const client = new FC(account, {
  accessKeyID: env.ALIBABA_CLOUD_ACCESS_KEY_ID,
  accessKeySecret: env.ALIBABA_CLOUD_ACCESS_KEY_SECRET,
  region,
  endpoint: env.ALICLOUD_LOCAL_FC_ENDPOINT,
});
const trigger = {
  triggerName: T,
  triggerType: 'mns_topic',
  invocationRole: `acs:ram::${account}:role/notifier`,
  sourceArn: `acs:mns:${region}:${account}:/topics/findings`,
  triggerConfig: { notifyContentFormat: 'JSON' },
};

suite({
  createService: () => client.createService(S, { description: 'first' }),
  'createService twice': refused(() => client.createService(S), 'ServiceAlreadyExists'),
  getService: async () => (await client.getService(S)).data.description === 'first',
  listServices: async () => (await client.listServices({ limit: 5, prefix: 'some' })).data.services.length === 1,
  updateService: async () => (await client.updateService(S, { description: 'then' })).data.description === 'then',
  createFunction: () => client.createFunction(S, {
    functionName: F,
    runtime: 'python3.10',
    handler: 'index.handler',
    initializer: 'index.initialize',
    code: { zipFile: env.FUNCTION_ZIP },
  }),
  getFunction: async () => (await client.getFunction(S, F)).data.runtime === 'python3.10',
  listFunctions: async () => (await client.listFunctions(S, { limit: 5 })).data.functions.length === 1,
  updateFunction: async () => (await client.updateFunction(S, F, { timeout: 9 })).data.timeout === 9,
  getFunctionCode: async () => (await fetch((await client.getFunctionCode(S, F)).data.url)).status === 200,
  invokeFunction: async () => (await client.invokeFunction(S, F, 'hello')).data === 'hello',
  'invokeFunction LATEST, with its log': async () => {
    const answer = await client.invokeFunction(S, F, Buffer.from('hello'), { 'x-fc-log-type': 'Tail' }, 'LATEST');
    return Buffer.from(answer.headers['x-fc-log-result'], 'base64').toString().includes('echoed');
  },
  'invokeFunction later': async () => (await client.invokeFunction(S, F, 'hello', { 'x-fc-invocation-type': 'Async' })).data === '',
  createTrigger: () => client.createTrigger(S, F, trigger),
  getTrigger: async () => (await client.getTrigger(S, F, T)).data.triggerType === 'mns_topic',
  listTriggers: async () => (await client.listTriggers(S, F)).data.triggers.length === 1,
  listVersions: async () => (await client.listVersions(S)).data.versions.length === 0,
  listAliases: async () => (await client.listAliases(S)).data.aliases.length === 0,
  listProvisionConfigs: () => client.listProvisionConfigs({ serviceName: S }),
  putFunctionAsyncConfig: () => client.putFunctionAsyncConfig(S, F, 'LATEST', { maxAsyncRetryAttempts: 1 }),
  getFunctionAsyncConfig: async () => (await client.getFunctionAsyncConfig(S, F, 'LATEST')).data.maxAsyncRetryAttempts === 1,
  listFunctionAsyncConfigs: async () => (await client.listFunctionAsyncConfigs(S, F)).data.configs.length === 1,
  deleteFunctionAsyncConfig: () => client.deleteFunctionAsyncConfig(S, F, 'LATEST'),
  'deleteService with a function in it': refused(() => client.deleteService(S), 'ServiceNotEmpty'),
  deleteTrigger: () => client.deleteTrigger(S, F, T),
  deleteFunction: () => client.deleteFunction(S, F),
  deleteService: () => client.deleteService(S),
  'getService of none': refused(() => client.getService(S), 'ServiceNotFound'),
});

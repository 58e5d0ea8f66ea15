// Calls of @alicloud/fc20230330, by which the Serverless Devs client's component fc3 speaks 3.0.
const { default: Client, ...models } = require('@alicloud/fc20230330');
const { $OpenApiUtil } = require('@alicloud/openapi-core');
const { RuntimeOptions } = require('@alicloud/tea-util');
const FC2 = require('@alicloud/fc2');
const OSS = require('ali-oss');
const { Readable } = require('stream');
const { refused, suite } = require('./calls');

const { env } = process;
const [F, T] = ['echo', 'some-trigger'];
const account = env.ALIBABA_CLOUD_ACCOUNT_ID;
const region = env.ALIBABA_CLOUD_REGION_ID;
const key = { accessKeyId: env.ALIBABA_CLOUD_ACCESS_KEY_ID, accessKeySecret: env.ALIBABA_CLOUD_ACCESS_KEY_SECRET };
const endpoint = env.ALICLOUD_LOCAL_FC_ENDPOINT;
const client = new Client(new $OpenApiUtil.Config({ ...key, endpoint: new URL(endpoint).host, protocol: 'http' }));
const fc2 = new FC2(account, { ...key, accessKeyID: key.accessKeyId, region, endpoint });
const of = (kind, body) => new models[`${kind}Request`](body);
const LATEST = { qualifier: 'LATEST' };
const ofF = { functionName: F, limit: 100 };
// What the component has in place of what a specification does not say.
const settings = {
  runtime: 'python3.12',
  handler: 'index.handler',
  memorySize: 512,
  cpu: 0.35,
  diskSize: 512,
  layers: [],
  internetAccess: true,
  instanceIsolationMode: 'SHARE',
  sessionAffinity: 'NONE',
  vpcConfig: new models.VPCConfig({ vpcId: '', vSwitchIds: [], securityGroupId: '' }),
  nasConfig: new models.NASConfig({ userId: 0, groupId: 0, mountPoints: [] }),
  ossMountConfig: new models.OSSMountConfig({ mountPoints: [] }),
  tracingConfig: new models.TracingConfig({}),
};
const create = (code, functionName) => client.createFunction(of('CreateFunction', {
  body: new models.CreateFunctionInput({ ...settings, functionName, code: new models.InputCodeLocation(code) }),
}));
const invoke = (kind) => client.invokeFunctionWithOptions(
  F,
  of('InvokeFunction', { ...LATEST, body: Readable.from([Buffer.from('hello')]) }),
  new models.InvokeFunctionHeaders({ xFcInvocationType: kind, xFcLogType: 'Tail' }),
  new RuntimeOptions({}),
);
const read = async (stream) => {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};
const uploaded = {};

suite({
  'getFunction of none': refused(() => client.getFunction(F, of('GetFunction', {})), 'FunctionNotFound'),
  createFunction: () => create({ zipFile: env.FUNCTION_ZIP }, F),
  'createFunction twice': refused(() => create({ zipFile: env.FUNCTION_ZIP }, F), 'FunctionAlreadyExists'),
  getFunction: async () => (await client.getFunction(F, of('GetFunction', {}))).body.timeout === 3,
  updateFunction: async () => (await client.updateFunction(F, of('UpdateFunction', { body: new models.UpdateFunctionInput({ timeout: 9 }) }))).body.timeout === 9,
  listFunctions: async () => (await client.listFunctions(of('ListFunctions', { limit: 5 }))).body.functions.length === 1,
  getFunctionCode: async () => (await fetch((await client.getFunctionCode(F, of('GetFunctionCode', {}))).body.url)).status === 200,
  'putting a package, signed in version 1': async () => {
    const { credentials, ossBucket, objectName } = (await fc2.getTempBucketToken()).data;
    const oss = new OSS({
      endpoint: env.ALICLOUD_LOCAL_OSS_ENDPOINT,
      region: `oss-${region}`,
      bucket: ossBucket,
      accessKeyId: credentials.AccessKeyId,
      accessKeySecret: credentials.AccessKeySecret,
      stsToken: credentials.SecurityToken,
      refreshSTSToken: () => credentials,
    });
    Object.assign(uploaded, { ossBucketName: ossBucket, ossObjectName: `${account}/${objectName}` });
    return (await oss.put(uploaded.ossObjectName, Buffer.from(env.FUNCTION_ZIP, 'base64'))).res.status === 200;
  },
  'createFunction of that package': async () => (await create(uploaded, 'of-bucket')).body.codeSize > 0,
  invokeFunction: async () => (await read((await invoke('Sync')).body)) === '', // it was begun no time
  'invokeFunction later': async () => (await invoke('Async')).statusCode === 202,
  createTrigger: () => client.createTrigger(F, of('CreateTrigger', {
    body: new models.CreateTriggerInput({
      triggerName: T,
      triggerType: 'mns_topic',
      sourceArn: `acs:mns:${region}:${account}:/topics/findings`,
      invocationRole: `acs:ram::${account}:role/notifier`,
      qualifier: 'LATEST',
      triggerConfig: JSON.stringify({ notifyContentFormat: 'JSON', notifyStrategy: 'BACKOFF_RETRY' }),
    }),
  })),
  getTrigger: async () => JSON.parse((await client.getTrigger(F, T)).body.triggerConfig).notifyContentFormat === 'JSON',
  listTriggers: async () => (await client.listTriggers(F, of('ListTriggers', { limit: 10 }))).body.triggers.length === 1,
  'updateTrigger, which cannot be': refused(() => client.updateTrigger(F, T, of('UpdateTrigger', { body: new models.UpdateTriggerInput({ description: 'x' }) })), 'InvalidArgument'),
  putAsyncInvokeConfig: () => client.putAsyncInvokeConfig(F, of('PutAsyncInvokeConfig', { ...LATEST, body: new models.PutAsyncInvokeConfigInput({ maxAsyncRetryAttempts: 1 }) })),
  getAsyncInvokeConfig: async () => (await client.getAsyncInvokeConfig(F, of('GetAsyncInvokeConfig', LATEST))).body.maxAsyncRetryAttempts === 1,
  listAsyncInvokeConfigs: async () => (await client.listAsyncInvokeConfigs(of('ListAsyncInvokeConfigs', ofF))).body.configs.length === 1,
  deleteAsyncInvokeConfig: () => client.deleteAsyncInvokeConfig(F, of('DeleteAsyncInvokeConfig', LATEST)),
  listVpcBindings: async () => (await client.listVpcBindings(F)).body.vpcIds.length === 0,
  getProvisionConfig: async () => !(await client.getProvisionConfig(F, of('GetProvisionConfig', LATEST))).body.functionArn,
  getScalingConfig: () => client.getScalingConfig(F, of('GetScalingConfig', LATEST)),
  listScalingConfigs: async () => (await client.listScalingConfigs(of('ListScalingConfigs', ofF))).body.scalingConfigs.length === 0,
  'getConcurrencyConfig of none': refused(() => client.getConcurrencyConfig(F), 'ConcurrencyConfigNotFound'),
  listAliases: async () => (await client.listAliases(F, of('ListAliases', { limit: 100 }))).body.aliases.length === 0,
  listFunctionVersions: async () => (await client.listFunctionVersions(F, of('ListFunctionVersions', { limit: 100 }))).body.versions.length === 0,
  'deleteFunction with a trigger': refused(() => client.deleteFunction(F), 'FunctionNotEmpty'),
  deleteTrigger: () => client.deleteTrigger(F, T),
  deleteFunction: () => client.deleteFunction(F),
});

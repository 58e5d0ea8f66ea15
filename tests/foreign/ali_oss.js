// Calls of ali-oss.
const OSS = require('ali-oss');
const { refused, suite } = require('./calls');

const { env } = process;
const B = 'foreign-bucket';
const KEY = 'a folder/a name';
const client = new OSS({
  accessKeyId: env.ALIBABA_CLOUD_ACCESS_KEY_ID,
  accessKeySecret: env.ALIBABA_CLOUD_ACCESS_KEY_SECRET,
  endpoint: env.ALICLOUD_LOCAL_OSS_ENDPOINT,
  region: `oss-${env.ALIBABA_CLOUD_REGION_ID}`,
  authorizationV4: true,
  bucket: B,
});
const policy = {
  Version: '1',
  Statement: [{ Action: ['oss:PutObject'], Effect: 'Deny', Principal: ['1234567890'], Resource: ['acs:oss:*:1234567890:*/*'] }],
};
// At an endpoint that is an address, as the local cloud's, the SDK signs no URL, or one without bucket.
const opened = async (url) => (await (await fetch(url)).text()) === 'text';

suite({
  putBucket: () => client.putBucket(B),
  listBuckets: async () => (await client.listBuckets({ prefix: 'foreign' })).buckets.length === 1,
  getBucketInfo: async () => (await client.getBucketInfo(B)).bucket.Name === B,
  getBucketLocation: async () => (await client.getBucketLocation(B)).location === `oss-${env.ALIBABA_CLOUD_REGION_ID}`,
  putBucketACL: () => client.putBucketACL(B, 'public-read'),
  getBucketACL: async () => (await client.getBucketACL(B)).acl === 'public-read',
  putBucketTags: () => client.putBucketTags(B, { a: 'b' }),
  getBucketTags: async () => (await client.getBucketTags(B)).tag.a === 'b',
  'listBuckets by tag': async () => (await client.listBuckets({ subres: { tagging: '"a":"b"' } })).buckets.length === 1,
  deleteBucketTags: () => client.deleteBucketTags(B),
  putBucketWebsite: () => client.putBucketWebsite(B, { index: 'index.html', error: 'error.html' }),
  getBucketWebsite: async () => (await client.getBucketWebsite(B)).error === 'error.html',
  putBucketPolicy: () => client.putBucketPolicy(B, policy),
  getBucketPolicy: async () => (await client.getBucketPolicy(B)).policy.Version === '1',
  putBucketEncryption: () => client.putBucketEncryption(B, { SSEAlgorithm: 'AES256' }),
  getBucketEncryption: async () => (await client.getBucketEncryption(B)).encryption.SSEAlgorithm === 'AES256',
  deleteBucketEncryption: () => client.deleteBucketEncryption(B),
  put: () => client.put(KEY, Buffer.from('text')),
  get: async () => (await client.get(KEY)).content.toString() === 'text',
  head: async () => (await client.head(KEY)).status === 200,
  list: async () => (await client.list({ prefix: 'a', delimiter: '/' })).prefixes.length === 1,
  listV2: async () => (await client.listV2({ prefix: 'a', 'max-keys': 1 })).objects.length === 1,
  'signatureUrl, V1': () => opened(client.signatureUrl(KEY)),
  signatureUrlV4: async () => opened(await client.signatureUrlV4('GET', 60, undefined, KEY)),
  'deleteBucket with an object in it': refused(() => client.deleteBucket(B), 'BucketNotEmpty'),
  delete: () => client.delete(KEY),
  deleteBucket: () => client.deleteBucket(B),
  'getBucketInfo of none': refused(() => client.getBucketInfo(B), 'NoSuchBucket'),
});

// A certified OpenID provider with one client, the hospital's. Its own pages let anybody in under any name.
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const { port, redirect, key, skew } = JSON.parse(process.argv[2]);
const now = Date.now;
Date.now = () => now() + skew * 1000;

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'prontuario',
    client_secret: 'of-the-hospital',
    redirect_uris: [redirect],
  }],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: key, use: 'sig', alg: 'RS256' }] },
  ttl: { IdToken: 60 },
  pkce: { required: () => true },
  cookies: { keys: ['of-a-test'] },
});
provider.listen(port, '127.0.0.1');

// TLS in front of a server that has none. The keys are for tests alone and good for a hundred years.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Signs both certificates. */
export const AUTHORITY = `-----BEGIN CERTIFICATE-----
MIIBiTCCAS+gAwIBAgIUDJc+9ANDwrulz7unShUa3WPjLVMwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMDEwNTU0WhgPMjEy
NjEwMjgwMTA1NTRaMBkxFzAVBgNVBAMMDlRlc3QgYXV0aG9yaXR5MFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEKUDa1Lk3ecNVnZQBhrKU8bjlh5DAj8u+te5fry3A
+aH6EGuNsoAzXav6HA9SbYZiyBGJgGxG1E5I2aOicvP98KNTMFEwHQYDVR0OBBYE
FMeTwtyJDvcYNoOa8gTTjp2KMpk7MB8GA1UdIwQYMBaAFMeTwtyJDvcYNoOa8gTT
jp2KMpk7MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAOcEg18A
piZEVduyqkzOCzG764+H1f0sxrZ8qkpBl6kgAiAD+mAiQzmHPAzwWcS28kroNyWw
M7QsLEiLPLAZMk3zIg==
-----END CERTIFICATE-----
`;

const CERTIFICATES = {
  localhost: {
    cert: `-----BEGIN CERTIFICATE-----
MIIBiDCCAS+gAwIBAgIUSaTOOnxMlMlhNaILMgXXjkISozowCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMDEwNTU0WhgPMjEy
NjEwMjgwMTA1NTRaMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqGSM49AgEG
CCqGSM49AwEHA0IABOYT4oMlkUW7IeU9k2Hjlchd3ZRDyhawpknbzLSmFonxxl9n
drd9OegnTPo4f1jvBErHoLecnLq1K6qEDzCFxAujWDBWMBQGA1UdEQQNMAuCCWxv
Y2FsaG9zdDAdBgNVHQ4EFgQUcJuhxFspcqXs5dh85qFGU7Rva/cwHwYDVR0jBBgw
FoAUx5PC3IkO9xg2g5ryBNOOnYoymTswCgYIKoZIzj0EAwIDRwAwRAIgRR/EPBYV
Pfvj5zI7jA24t03cZeYlixhUEQR1rk18RP8CIA/lLW8n1C0hp9/78teD6QhcYdgj
8fpZ45XkacpBucUH
-----END CERTIFICATE-----`,
    key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgblfrl0YHUMBhP1Hw
4XBhsZ4RkSq4DHXm5oDUj1IsoWKhRANCAATmE+KDJZFFuyHlPZNh45XIXd2UQ8oW
sKZJ28y0phaJ8cZfZ3a3fTnoJ0z6OH9Y7wRKx6C3nJy6tSuqhA8whcQL
-----END PRIVATE KEY-----`,
  },
  'elsewhere.example.com': {
    cert: `-----BEGIN CERTIFICATE-----
MIIBoTCCAUegAwIBAgIUSaTOOnxMlMlhNaILMgXXjkISozswCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMDEwNTU0WhgPMjEy
NjEwMjgwMTA1NTRaMCAxHjAcBgNVBAMMFWVsc2V3aGVyZS5leGFtcGxlLmNvbTBZ
MBMGByqGSM49AgEGCCqGSM49AwEHA0IABJDR/a2VbH0RtaihngShC8MtP3+uhqtm
SP+U73lqjICGZAsCpMrwAG+R003aXQeAYTFePA76tlbfwXj120lWI5ujZDBiMCAG
A1UdEQQZMBeCFWVsc2V3aGVyZS5leGFtcGxlLmNvbTAdBgNVHQ4EFgQUWssRlUK7
ZeAdPtUtz8kCVgO94vkwHwYDVR0jBBgwFoAUx5PC3IkO9xg2g5ryBNOOnYoymTsw
CgYIKoZIzj0EAwIDSAAwRQIhAI0Tky3dQFtukkBAJpO5xnM05OxG+090O7Fkby7a
IZv9AiBO+6eMgM7Cccayane9rjSj6ytIB70ja9d8mECMTtUtIQ==
-----END CERTIFICATE-----`,
    key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgJXSYt2tDFsFf2TV0
dqoI7JSR9JlWWGAhzKdiooH0AkyhRANCAASQ0f2tlWx9EbWooZ4EoQvDLT9/roar
Zkj/lO95aoyAhmQLAqTK8ABvkdNN2l0HgGExXjwO+rZW38F49dtJViOb
-----END PRIVATE KEY-----`,
  },
};

export interface TlsFront extends AsyncDisposable {
  readonly port: number;
}

const REQUEST_BYTES = 8;

/** Answers PostgreSQL's request for TLS as a server of that name, and hands everything on to the real one. */
export async function tlsFront(serverUrl: string, name: keyof typeof CERTIFICATES): Promise<TlsFront> {
  const { hostname, port } = new URL(serverUrl);
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.once('readable', () => {
      socket.read(REQUEST_BYTES);
      socket.write('S');
      const secure = new TLSSocket(socket, { isServer: true, ...CERTIFICATES[name] });
      const behind = connect(Number(port), hostname);
      open.add(behind);
      for (const each of [secure, behind]) each.on('error', () => socket.destroy());
      secure.pipe(behind).pipe(secure);
    });
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

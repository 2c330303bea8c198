// TLS in front of a server that has none. The keys are for tests alone and good for a hundred years.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Signs all certificates but one. */
export const AUTHORITY = `-----BEGIN CERTIFICATE-----
MIIBiTCCAS+gAwIBAgIUB9WwgXQrqfWvuWJTMdNKSrKrzKAwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMDMxMTQ2WhgPMjEy
NjEwMjgwMzExNDZaMBkxFzAVBgNVBAMMDlRlc3QgYXV0aG9yaXR5MFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAE+KZlvAgY4bIFgbyCX7Efrf6Isoo0OrSZ7tmB7LeR
8NdVEuEwLCr8WrPzScFn9jYH4tlxFzgoogNvyyNRLpbonaNTMFEwHQYDVR0OBBYE
FBKM65MzVR63ukzaUXWxJwJKcamSMB8GA1UdIwQYMBaAFBKM65MzVR63ukzaUXWx
JwJKcamSMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgQ9mWgBhT
XyCHX+OkjkQa1t22YNY6ujIA10PxHGq4xNcCIQC1iR/VEk2Uf75IiV25vZDeWKtK
2JtSuhKss8VnxAcs5Q==
-----END CERTIFICATE-----
`;

const CERTIFICATES = {
  localhost: {
    cert: `-----BEGIN CERTIFICATE-----
MIIBiDCCAS+gAwIBAgIUPZ1PD32UXNk8quyeOlMa7CL7S4cwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMDMxMTQ2WhgPMjEy
NjEwMjgwMzExNDZaMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqGSM49AgEG
CCqGSM49AwEHA0IABEfCDXFTNOnBaq+pnnRalZBWAyPdtTuag37mWqDQ9lTuugja
PJkWrjcZe9u2NFiLkewgMJiq21yXnnOgJEH4BeajWDBWMBQGA1UdEQQNMAuCCWxv
Y2FsaG9zdDAdBgNVHQ4EFgQUlnsy+QDisVsyq6ylcmRgIpxUIhUwHwYDVR0jBBgw
FoAUEozrkzNVHre6TNpRdbEnAkpxqZIwCgYIKoZIzj0EAwIDRwAwRAIgGcIRvqOw
Zr2K89k4jBFeLvGtxtD/mYZtPBTk4rZS0qQCIAPuhRYJDb9jmr7wHIG8voNg78pu
WW8ZCmSsGvFyQ9Bl
-----END CERTIFICATE-----`,
    key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgKGt/EDdyzkiyUqSt
vepK1KHKttLs7fTTQPONMchTbP+hRANCAARHwg1xUzTpwWqvqZ50WpWQVgMj3bU7
moN+5lqg0PZU7roI2jyZFq43GXvbtjRYi5HsIDCYqttcl55zoCRB+AXm
-----END PRIVATE KEY-----`,
  },
  'elsewhere.example.com': {
    cert: `-----BEGIN CERTIFICATE-----
MIIBojCCAUegAwIBAgIUPZ1PD32UXNk8quyeOlMa7CL7S4gwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMDMxMTQ2WhgPMjEy
NjEwMjgwMzExNDZaMCAxHjAcBgNVBAMMFWVsc2V3aGVyZS5leGFtcGxlLmNvbTBZ
MBMGByqGSM49AgEGCCqGSM49AwEHA0IABGBHcJGWlloI4GBR0UXZyEXrOdMvWvD/
JolXxLWID/iZo8kzelwJjY4Qvy94hYpsyy9nLAUkwne4f/cr0VqkJhSjZDBiMCAG
A1UdEQQZMBeCFWVsc2V3aGVyZS5leGFtcGxlLmNvbTAdBgNVHQ4EFgQU5MCrdxEx
9IrHWC0ssFVl4USm3OEwHwYDVR0jBBgwFoAUEozrkzNVHre6TNpRdbEnAkpxqZIw
CgYIKoZIzj0EAwIDSQAwRgIhAMa3Ipo82kae5F9BgIdAEEltimkmlR7T6ZVQagFm
IBfHAiEAkabHWnHAr/AJk07DPPf5acuCWwfoQn+mPKmkxF1CPgw=
-----END CERTIFICATE-----`,
    key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgIIFnZSDtirFcKsCN
XCYBUd1tI0PAUKf/kwv7QhwfIFehRANCAARgR3CRlpZaCOBgUdFF2chF6znTL1rw
/yaJV8S1iA/4maPJM3pcCY2OEL8veIWKbMsvZywFJMJ3uH/3K9FapCYU
-----END PRIVATE KEY-----`,
  },
  'localhost, renewed': {
    cert: `-----BEGIN CERTIFICATE-----
MIIBiTCCAS+gAwIBAgIUPZ1PD32UXNk8quyeOlMa7CL7S4kwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMDMxMTQ3WhgPMjEy
NjEwMjgwMzExNDdaMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqGSM49AgEG
CCqGSM49AwEHA0IABCla3Cu5GEDZLOBuu8Eq5aKgbRPKeEIBgzGOnqFjjPWMCmiy
iProhag0qJXkcEmgKZpfnQ4yGXgWaKjnR2CWp7SjWDBWMBQGA1UdEQQNMAuCCWxv
Y2FsaG9zdDAdBgNVHQ4EFgQU4HMRFxYgcWgJM5Aj7xT7O5nWrKkwHwYDVR0jBBgw
FoAUEozrkzNVHre6TNpRdbEnAkpxqZIwCgYIKoZIzj0EAwIDSAAwRQIhAImm4hbg
EEOFVUQvJKxPjHsfE8D9y4nYjBSogI3D1Sg9AiAuaqdlt8y1sv9hFXL4Q7JZeGJd
XF+N7H/1pmvVdgrinQ==
-----END CERTIFICATE-----`,
    key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgig8CAzK21UiObU5c
9KynkHaM+ZXJxUCsCQASZE+YfkGhRANCAAQpWtwruRhA2SzgbrvBKuWioG0TynhC
AYMxjp6hY4z1jAposoj66IWoNKiV5HBJoCmaX50OMhl4Fmio50dglqe0
-----END PRIVATE KEY-----`,
  },
  'localhost, of another authority': {
    cert: `-----BEGIN CERTIFICATE-----
MIIBjjCCATWgAwIBAgIUBbN2PuEMaARVRpZIVTbWQH0GRuQwCgYIKoZIzj0EAwIw
HzEdMBsGA1UEAwwUT3RoZXIgdGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMDMxMTQ4
WhgPMjEyNjEwMjgwMzExNDhaMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABCqFxRRBwlSKF/5l0B9XddlhuYkQgnHgdkRErb1P
HLtTsixkD8tXoafVpVNrwrTK1lAlGzzKoJNyTIRivG2uCzGjWDBWMBQGA1UdEQQN
MAuCCWxvY2FsaG9zdDAdBgNVHQ4EFgQU6AuNeUaadh6jTk6nfKnHxXXMOacwHwYD
VR0jBBgwFoAU2HNijivIx0e4LUM2uKo6A/xD1okwCgYIKoZIzj0EAwIDRwAwRAIg
EbZ8maa+S5PVeDLx4m7lDv6uNvkF4ExuVX+heSOeXr8CIFxVqLufKJvzLXV5aK3M
xDEEIdHZNl8Ws/kK+cR0fkjG
-----END CERTIFICATE-----`,
    key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjZYV2Sb7yV0MXKil
Ff+HdZ8CX1Hy4iNvZP/seRVJGHqhRANCAAQqhcUUQcJUihf+ZdAfV3XZYbmJEIJx
4HZERK29Txy7U7IsZA/LV6Gn1aVTa8K0ytZQJRs8yqCTckyEYrxtrgsx
-----END PRIVATE KEY-----`,
  },
};

export type CertificateName = keyof typeof CERTIFICATES;

export interface TlsFront extends AsyncDisposable {
  readonly port: number;
  /** What new connections get from now on. */
  present(name: CertificateName): void;
  /** Ends every connection, as a server that starts anew. */
  cut(): void;
}

const REQUEST_BYTES = 8;

/** PostgreSQL's clients ask for TLS first; others begin with it. */
export type TlsBeginning = 'asked_for' | 'at_once';

/** Speaks TLS as a server of that name, and hands everything on to the real one. */
export async function tlsFront(
  serverUrl: string,
  first: CertificateName,
  beginning: TlsBeginning = 'asked_for',
): Promise<TlsFront> {
  const { hostname, port } = new URL(serverUrl);
  const open = new Set<Socket>();
  let presented = first;
  const cut = (): void => {
    for (const socket of open) socket.destroy();
    open.clear();
  };
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    const begin = (): void => {
      const secure = new TLSSocket(socket, { isServer: true, ...CERTIFICATES[presented] });
      const behind = connect(Number(port), hostname);
      open.add(behind);
      for (const each of [secure, behind]) each.on('error', () => socket.destroy());
      secure.pipe(behind).pipe(secure);
    };
    if (beginning === 'at_once') begin();
    else {
      socket.once('readable', () => {
        socket.read(REQUEST_BYTES);
        socket.write('S');
        begin();
      });
    }
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    present: (name) => {
      presented = name;
    },
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

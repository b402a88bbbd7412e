/** Text in PEM form, or bytes. */
export type TlsMaterial = string | Uint8Array

/** Private key with its own passphrase. */
export interface TlsKey {
  /** Key in PEM form. */
  readonly pem: TlsMaterial
  /** Passphrase of this key, instead of the option `passphrase`. */
  readonly passphrase?: string | undefined
}

/** Archive of a certificate and its key (PKCS #12) with its own passphrase. */
export interface TlsArchive {
  /** Bytes of the archive. */
  readonly buf: TlsMaterial
  /** Passphrase of this archive, instead of the option `passphrase`. */
  readonly passphrase?: string | undefined
}

/** Parts of the server's certificate that a check may need; on Node it has those of `PeerCertificate`. */
export interface TlsCertificate {
  /** Names in the certificate, such as `DNS:cache.example, IP Address:10.0.0.1`. */
  readonly subjectaltname?: string | undefined
  /** Holder of the certificate, by the abbreviations of X.509: `CN`, `O`. */
  readonly subject: object
  /** Issuer of the certificate, by the abbreviations of X.509. */
  readonly issuer: object
  /** Begin of validity, as text. */
  readonly valid_from: string
  /** End of validity, as text. */
  readonly valid_to: string
  /** SHA-1 digest of the certificate: hexadecimal bytes with colons. */
  readonly fingerprint: string
  /** SHA-256 digest of the certificate: hexadecimal bytes with colons. */
  readonly fingerprint256: string
  /** Hexadecimal serial number. */
  readonly serialNumber: string
  /** The certificate itself, in DER form. */
  readonly raw: Uint8Array
}

/** Version of TLS. */
export type TlsVersion = 'TLSv1.3' | 'TLSv1.2' | 'TLSv1.1' | 'TLSv1'

/**
 * Options for TLS, with the names and meanings of `tls.connect` of `node:tls`: own CA, client certificate, the name that
 * the server's certificate must have. Every value that `node:tls` takes fits. A runtime without `node:tls` has fewer:
 * see its dialer.
 */
export interface TlsOptions {
  /** Certificates of the authorities to trust, instead of those that the runtime trusts. */
  readonly ca?: TlsMaterial | readonly TlsMaterial[] | undefined
  /** Certificate chain of this client, in PEM form. */
  readonly cert?: TlsMaterial | readonly TlsMaterial[] | undefined
  /** Checks the names in the server's certificate, instead of the runtime; an error ends the connection. */
  readonly checkServerIdentity?:
    | {
        // A method, so that a function that takes the `PeerCertificate` of `node:tls` fits as well.
        check(hostname: string, certificate: TlsCertificate): Error | undefined
      }['check']
    | undefined
  /** Cipher suites, in OpenSSL's form. */
  readonly ciphers?: string | undefined
  /** Lists of revoked certificates, in PEM form. */
  readonly crl?: TlsMaterial | readonly TlsMaterial[] | undefined
  /** Curve for the key exchange, or several with colons between them. @defaultValue `'auto'` */
  readonly ecdhCurve?: string | undefined
  /** Private key of this client, in PEM form. */
  readonly key?: TlsMaterial | readonly (TlsMaterial | TlsKey)[] | undefined
  /** Newest version of TLS. @defaultValue `'TLSv1.3'` */
  readonly maxVersion?: TlsVersion | undefined
  /** Oldest version of TLS. @defaultValue `'TLSv1.2'` */
  readonly minVersion?: TlsVersion | undefined
  /** Passphrase of the private key or the archive. */
  readonly passphrase?: string | undefined
  /** Archive of this client's certificate and key (PKCS #12), instead of `cert` and `key`. */
  readonly pfx?: TlsMaterial | readonly (TlsMaterial | TlsArchive)[] | undefined
  /** Whether a server with an invalid certificate is refused. @defaultValue `true` */
  readonly rejectUnauthorized?: boolean | undefined
  /** Result of `tls.createSecureContext`: certificates and keys that are parsed once for all connections. */
  readonly secureContext?: { readonly context: unknown } | undefined
  /** Name that the server's certificate must have. @defaultValue the host, if that is a name */
  readonly servername?: string | undefined
  /** Session of an earlier connection, to continue it. */
  readonly session?: Uint8Array | undefined
  /** Signature algorithms, with colons between them. */
  readonly sigalgs?: string | undefined
}

/**
 * How the service is reached: the parts of the configuration that decide which requests to trust.
 */
export interface NetworkSettings {
  /** The address that the service listens on, or a name for it. */
  readonly host: string
  /**
   * Where clients find the service, with the path prefix that a proxy strips; undefined: not known.
   */
  readonly publicUrl: URL | undefined
  /**
   * Host names, lower case and without a port, that requests may be addressed to besides those that
   * always pass.
   */
  readonly allowedHosts: readonly string[]
  /** Origins (`https://app.example.com`) whose pages may read and write. */
  readonly corsOrigins: readonly string[]
  /** Addresses or CIDR blocks of proxies whose X-Forwarded-… headers count. */
  readonly trustedProxies: readonly string[]
}

/** On the loopback, with nothing else allowed. */
export const LOOPBACK_ONLY: NetworkSettings = {
  host: '127.0.0.1',
  publicUrl: undefined,
  allowedHosts: [],
  corsOrigins: [],
  trustedProxies: [],
}

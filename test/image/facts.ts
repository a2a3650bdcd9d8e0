/** What is known of an image without running it: its configuration, the files that a container sees, the names in its layers. */
export interface ImageFacts {
  readonly config: ImageConfig
  readonly files: readonly ImageFile[]
  /** Every path of every layer, also of files that a later layer hides. */
  readonly layerPaths: readonly string[]
  /** The layers unpacked, in bytes. */
  readonly size: number
}

/** The part of Docker's image configuration that matters here (https://github.com/moby/docker-image-spec/blob/main/spec.md). */
export interface ImageConfig {
  readonly User?: string
  readonly Env?: readonly string[] | null
  readonly Entrypoint?: readonly string[] | null
  readonly Cmd?: readonly string[] | null
  readonly ExposedPorts?: Readonly<Record<string, object>> | null
  readonly Volumes?: Readonly<Record<string, object>> | null
  readonly WorkingDir?: string
  readonly Labels?: Readonly<Record<string, string>> | null
  readonly StopSignal?: string
  /** Durations in nanoseconds. */
  readonly Healthcheck?: { readonly Test?: readonly string[]; readonly Interval?: number; readonly Timeout?: number }
}

export interface ImageFile {
  /** From the root on: `/app/dist/cli.js`. */
  readonly path: string
  readonly type: 'file' | 'folder' | 'link' | 'other'
  /** The permission bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** A file's SHA-256 in hex, a link's target; empty for the rest. */
  readonly content: string
}

/** What the project's own files say that an image of it must agree with. */
export interface Project {
  readonly version: string
  readonly license: string
  readonly revision: string
  /** Folders of packages that only development or an older Node.js needs: `node_modules/typescript`. */
  readonly omittedPackages: readonly string[]
  /** Folders of packages that the service needs. */
  readonly packages: readonly string[]
}

/** The parts of Kubernetes' objects that the rules read; everything may be missing, as a rule may be there to miss it. */

type Texts = Readonly<Record<string, string>>
type Quantity = string | number
type PortReference = string | number

export interface Selector {
  readonly matchLabels?: Texts
}

export interface ServicePort {
  readonly name?: string
  readonly port: number
  readonly targetPort?: PortReference
  readonly nodePort?: number
}

export interface BackendReference {
  readonly name: string
  readonly port?: number | { readonly name?: string; readonly number?: number }
}

export interface Metric {
  readonly resource?: { readonly name: string }
}

export interface SpreadConstraint {
  readonly topologyKey: string
  readonly maxSkew: number
  readonly labelSelector?: Selector
}

export interface Peer {
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] }
  readonly podSelector?: Selector
  readonly namespaceSelector?: Selector
}

export interface Traffic {
  readonly from?: readonly Peer[]
  readonly to?: readonly Peer[]
  readonly ports?: readonly { readonly protocol?: string; readonly port?: PortReference }[]
}

export interface IngressRule {
  readonly http?: { readonly paths: readonly { readonly backend: { readonly service: BackendReference } }[] }
}

/** `spec` of every kind at once. */
export interface Spec {
  readonly replicas?: number
  readonly selector?: Selector | Texts
  readonly strategy?: { readonly type?: string; readonly rollingUpdate?: { readonly maxUnavailable?: Quantity } }
  readonly template?: { readonly metadata?: { readonly labels?: Texts }; readonly spec?: PodSpec }
  readonly serviceName?: string
  readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[]
  readonly clusterIP?: string
  readonly ports?: readonly ServicePort[]
  readonly scaleTargetRef?: { readonly apiVersion: string; readonly kind: string; readonly name: string }
  readonly minReplicas?: number
  readonly maxReplicas?: number
  readonly metrics?: readonly Metric[]
  readonly minAvailable?: Quantity
  readonly maxUnavailable?: Quantity
  readonly podSelector?: Selector
  readonly policyTypes?: readonly string[]
  readonly ingress?: readonly Traffic[]
  readonly egress?: readonly Traffic[]
  readonly rules?: readonly (IngressRule & { readonly backendRefs?: readonly BackendReference[] })[]
  readonly endpoints?: readonly { readonly port: string; readonly path?: string }[]
}

export interface PodSpec {
  readonly serviceAccountName?: string
  readonly automountServiceAccountToken?: boolean
  readonly enableServiceLinks?: boolean
  readonly terminationGracePeriodSeconds?: number
  readonly hostNetwork?: boolean
  readonly hostPID?: boolean
  readonly hostIPC?: boolean
  readonly securityContext?: SecurityContext
  readonly topologySpreadConstraints?: readonly SpreadConstraint[]
  readonly initContainers?: readonly Container[]
  readonly containers?: readonly Container[]
  readonly volumes?: readonly Volume[]
}

/** Of a pod and of a container at once. */
export interface SecurityContext {
  readonly runAsNonRoot?: boolean
  readonly runAsUser?: number
  readonly seccompProfile?: { readonly type: string }
  readonly sysctls?: readonly { readonly name: string }[]
  readonly privileged?: boolean
  readonly allowPrivilegeEscalation?: boolean
  readonly readOnlyRootFilesystem?: boolean
  readonly procMount?: string
  readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] }
  readonly seLinuxOptions?: { readonly type?: string; readonly user?: string; readonly role?: string }
  readonly appArmorProfile?: { readonly type: string }
  readonly windowsOptions?: { readonly hostProcess?: boolean }
}

export interface KeyReference {
  readonly name: string
  readonly key?: string
  readonly optional?: boolean
}

export interface Handler {
  readonly httpGet?: { readonly path: string; readonly port: PortReference; readonly host?: string }
  readonly tcpSocket?: { readonly port: PortReference; readonly host?: string }
  readonly exec?: { readonly command: readonly string[] }
  readonly sleep?: { readonly seconds: number }
}

export interface EnvironmentVariable {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: { readonly configMapKeyRef?: KeyReference; readonly secretKeyRef?: KeyReference }
}

export interface Container {
  readonly name: string
  readonly image: string
  readonly imagePullPolicy?: string
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly hostPort?: number }[]
  readonly env?: readonly EnvironmentVariable[]
  readonly envFrom?: readonly { readonly configMapRef?: KeyReference; readonly secretRef?: KeyReference }[]
  readonly resources?: { readonly requests?: Amounts; readonly limits?: Amounts }
  readonly securityContext?: SecurityContext
  readonly startupProbe?: Handler
  readonly livenessProbe?: Handler
  readonly readinessProbe?: Handler
  readonly lifecycle?: { readonly preStop?: Handler; readonly postStart?: Handler }
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[]
}

export type Amounts = Readonly<Record<string, Quantity>>

export interface Volume {
  readonly name: string
  readonly configMap?: KeyReference & { readonly items?: readonly { readonly key: string }[] }
  readonly secret?: {
    readonly secretName: string
    readonly optional?: boolean
    readonly items?: readonly { readonly key: string }[]
  }
  readonly persistentVolumeClaim?: { readonly claimName: string }
  readonly emptyDir?: { readonly sizeLimit?: Quantity }
  readonly [source: string]: unknown
}

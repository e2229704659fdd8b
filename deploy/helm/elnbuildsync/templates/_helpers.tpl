{{- define "ebs.name" -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) (contains .Chart.Name .Release.Name) | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "ebs.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "ebs.labels" -}}
{{ include "ebs.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "ebs.account" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "ebs.name" .) }}{{ else }}{{ required "serviceAccount.name is needed where serviceAccount.create is false" .Values.serviceAccount.name }}{{ end }}
{{- end }}

{{- define "ebs.image" -}}
{{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}

{{/* The address of a server: given, or that of the trial's own. */}}
{{- define "ebs.databaseUrl" -}}
{{- if .Values.trial.enabled -}}
{{- if .Values.database.url }}{{ fail "database.url and trial.enabled exclude each other" }}{{ end -}}
postgres://elnbuildsync@{{ include "ebs.name" . }}-database:5432/elnbuildsync
{{- else -}}
{{ required "database.url is needed: postgres://USER@HOST:PORT/NAME, or trial.enabled" .Values.database.url }}
{{- end }}
{{- end }}
{{- define "ebs.redisUrl" -}}
{{- if .Values.trial.enabled -}}
{{- if .Values.redis.url }}{{ fail "redis.url and trial.enabled exclude each other" }}{{ end -}}
redis://{{ include "ebs.name" . }}-redis:6379/0
{{- else -}}
{{ required "redis.url is needed: rediss://HOST:PORT/NUMBER, or trial.enabled" .Values.redis.url }}
{{- end }}
{{- end }}
{{/* The port of an address, or what its scheme means. */}}
{{- define "ebs.port" -}}
{{ regexFind ":[0-9]+$" (urlParse .url).host | trimPrefix ":" | default .usual }}
{{- end }}

{{/* Where files are in a pod. */}}
{{- define "ebs.folder" -}}/etc/elnbuildsync{{- end }}

{{/* The static file. What the chart knows itself must not be said twice. */}}
{{- define "ebs.static" -}}
{{- $folder := include "ebs.folder" . -}}
{{- $own := deepCopy .Values.config.ebs -}}
{{- range $key := list "instance" "redis" "database" "http" "login" "worker" "kerberos" }}
{{- if hasKey $own $key }}{{ fail (printf "config.ebs.%s is set by the chart: see the values database, redis, coordinator, login, worker, kerberos" $key) }}{{ end -}}
{{- end }}
{{- range $pair := list (list "timers" "grace") (list "koji" "password_file") (list "koji" "certificate_file") (list "koji" "key_file") (list "koji" "authority_file") (list "bodhi" "token_file") (list "bodhi" "authority_file") (list "bus" "enabled") (list "bus" "fedora_messaging_config") }}
{{- if hasKey (get $own (first $pair) | default dict) (last $pair) }}{{ fail (printf "config.ebs.%s.%s is set by the chart: see the values graceSeconds, secrets, tls, bus" (first $pair) (last $pair)) }}{{ end -}}
{{- end }}
{{- $database := dict "url" (include "ebs.databaseUrl" .) -}}
{{- $redis := dict "url" (include "ebs.redisUrl" .) "prefix" .Values.redis.prefix -}}
{{- $http := dict "listen" (printf "0.0.0.0:%v" .Values.coordinator.port) -}}
{{- $koji := dict -}}
{{- $bodhi := dict -}}
{{- $bus := dict "enabled" .Values.bus.enabled -}}
{{- if .Values.secrets.databasePassword.name }}{{ $_ := set $database "password_file" (printf "%s/secrets/database-password" $folder) }}{{ end -}}
{{- if .Values.tls.databaseAuthority.name }}{{ $_ := set $database "authority_file" (printf "%s/tls/database-ca.pem" $folder) }}{{ end -}}
{{- if .Values.secrets.redisPassword.name }}{{ $_ := set $redis "password_file" (printf "%s/secrets/redis-password" $folder) }}{{ end -}}
{{- if .Values.tls.redisAuthority.name }}{{ $_ := set $redis "authority_file" (printf "%s/tls/redis-ca.pem" $folder) }}{{ end -}}
{{- if .Values.secrets.tokens.name }}{{ $_ := set $http "tokens_file" (printf "%s/secrets/tokens" $folder) }}{{ end -}}
{{- if .Values.secrets.kojiPassword.name }}{{ $_ := set $koji "password_file" (printf "%s/secrets/koji-password" $folder) }}{{ end -}}
{{- if .Values.tls.kojiAuthority.name }}{{ $_ := set $koji "authority_file" (printf "%s/tls/koji-ca.pem" $folder) }}{{ end -}}
{{- if .Values.tls.kojiCertificate.name }}{{ $_ := set $koji "certificate_file" (printf "%s/tls/koji.crt" $folder) }}{{ end -}}
{{- if .Values.tls.kojiKey.name }}{{ $_ := set $koji "key_file" (printf "%s/tls/koji.key" $folder) }}{{ end -}}
{{- if .Values.tls.bodhiAuthority.name }}{{ $_ := set $bodhi "authority_file" (printf "%s/tls/bodhi-ca.pem" $folder) }}{{ end -}}
{{- if .Values.secrets.bodhiToken.name }}{{ $_ := set $bodhi "token_file" (printf "%s/secrets/bodhi-token" $folder) }}{{ end -}}
{{- if .Values.bus.enabled }}{{ $_ := set $bus "fedora_messaging_config" (printf "%s/static-config/fedora-messaging.toml" $folder) }}{{ end -}}
{{- $ours := dict "database" $database "redis" $redis "http" $http "bus" $bus "koji" $koji "bodhi" $bodhi
  "worker" (dict "concurrency" .Values.worker.concurrency "metrics_listen" (printf "0.0.0.0:%v" .Values.worker.port))
  "timers" (dict "grace" (printf "%vs" .Values.graceSeconds)) -}}
{{- if .Values.secrets.keytab.name }}
{{- $kerberos := dict "keytab_file" (printf "%s/secrets/keytab" $folder) -}}
{{- with .Values.kerberos.principal }}{{ $_ := set $kerberos "principal" . }}{{ end -}}
{{- $_ := set $ours "kerberos" $kerberos -}}
{{- end }}
{{- with .Values.login.publicUrl }}{{ $_ := set $http "public_url" . }}{{ end -}}
{{- if .Values.secrets.oidcClient.name }}
{{- $_ := required "login.publicUrl is needed where people log in (secrets.oidcClient)" .Values.login.publicUrl -}}
{{- $login := dict "client_secret_file" (printf "%s/secrets/oidc-client-secret" $folder) -}}
{{- with .Values.login.issuer }}{{ $_ := set $login "issuer" . }}{{ end -}}
{{- if .Values.tls.oidcAuthority.name }}{{ $_ := set $login "authority_file" (printf "%s/tls/oidc-ca.pem" $folder) }}{{ end -}}
{{- $_ := set $ours "login" $login -}}
{{- end }}
{{ toYaml (dict "configuration" .Values.config.configuration "ebs" (mergeOverwrite $own $ours)) }}
{{- end }}

{{/* The same for workers, which know neither people nor bus nor database: without what only a coordinator logs in with. */}}
{{- define "ebs.static.worker" -}}
{{- $whole := include "ebs.static" . | fromYaml -}}
{{- $_ := set $whole.configuration "open_id_connect" false -}}
{{- $ours := omit $whole.ebs "bus" "login" -}}
{{- $_ := set $ours "http" (omit $ours.http "tokens_file" "public_url") -}}
{{- $_ := set $ours "database" (omit $ours.database "password_file" "authority_file") -}}
{{ toYaml (dict "configuration" $whole.configuration "ebs" $ours) }}
{{- end }}

{{/* The file of Fedora Messaging. */}}
{{- define "ebs.bus" -}}
{{- if ne (not .Values.tls.busCertificate.name) (not .Values.tls.busKey.name) }}{{ fail "tls.busCertificate and tls.busKey belong together" }}{{ end -}}
{{- $tls := printf "%s/tls" (include "ebs.folder" .) -}}
amqp_url = {{ .Values.bus.amqpUrl | toJson }}
passive_declares = {{ .Values.bus.passive }}

[client_properties]
app = "ELNBuildSync"

{{- if or .Values.tls.busAuthority.name .Values.tls.busCertificate.name }}

[tls]
{{- if .Values.tls.busAuthority.name }}
ca_cert = "{{ $tls }}/bus-ca.pem"
{{- end }}
{{- if .Values.tls.busCertificate.name }}
certfile = "{{ $tls }}/bus.crt"
keyfile = "{{ $tls }}/bus.key"
{{- end }}
{{- end }}

[queues.{{ required "bus.queue is needed where the bus is enabled" .Values.bus.queue | toJson }}]
durable = {{ .Values.bus.durable }}
auto_delete = {{ not .Values.bus.durable }}
exclusive = {{ not .Values.bus.durable }}
arguments = {}

[[bindings]]
queue = {{ .Values.bus.queue | toJson }}
exchange = "amq.topic"
routing_keys = {{ .Values.bus.routingKeys | toJson }}

[qos]
prefetch_size = 0
prefetch_count = {{ .Values.bus.prefetch }}
{{- end }}

{{/* Files of a projected volume: a list of secret (a value of `secrets` or `tls`) and file. */}}
{{- define "ebs.sources" -}}
{{- $sources := list -}}
{{- range . }}
{{- if .secret.name }}
{{- $item := dict "key" .secret.key "path" .file -}}
{{- $sources = append $sources (dict "secret" (dict "name" .secret.name "items" (list $item))) -}}
{{- end }}
{{- end }}
{{- toYaml $sources }}
{{- end }}

{{/* What pods are given: root, part. */}}
{{- define "ebs.volumes" -}}
{{- $values := .root.Values -}}
{{- $secrets := list (dict "secret" $values.secrets.kojiPassword "file" "koji-password")
  (dict "secret" $values.secrets.bodhiToken "file" "bodhi-token")
  (dict "secret" $values.secrets.redisPassword "file" "redis-password")
  (dict "secret" $values.secrets.keytab "file" "keytab") -}}
{{- $certificates := list (dict "secret" $values.tls.redisAuthority "file" "redis-ca.pem")
  (dict "secret" $values.tls.kojiAuthority "file" "koji-ca.pem")
  (dict "secret" $values.tls.bodhiAuthority "file" "bodhi-ca.pem")
  (dict "secret" $values.tls.kojiCertificate "file" "koji.crt")
  (dict "secret" $values.tls.kojiKey "file" "koji.key") -}}
{{- if eq .part "coordinator" -}}
{{- $secrets = concat $secrets (list (dict "secret" $values.secrets.databasePassword "file" "database-password")
  (dict "secret" $values.secrets.tokens "file" "tokens")
  (dict "secret" $values.secrets.oidcClient "file" "oidc-client-secret")) -}}
{{- $certificates = concat $certificates (list (dict "secret" $values.tls.databaseAuthority "file" "database-ca.pem")
  (dict "secret" $values.tls.oidcAuthority "file" "oidc-ca.pem")
  (dict "secret" $values.tls.busAuthority "file" "bus-ca.pem")
  (dict "secret" $values.tls.busCertificate "file" "bus.crt")
  (dict "secret" $values.tls.busKey "file" "bus.key")) -}}
{{- end -}}
- name: static-config
  configMap:
    name: {{ include "ebs.name" .root }}-{{ .part }}
- name: secrets
  projected:
    defaultMode: 0440
    sources: {{- include "ebs.sources" $secrets | nindent 6 }}
- name: tls
  projected:
    defaultMode: 0440
    sources: {{- include "ebs.sources" $certificates | nindent 6 }}
{{- end }}

{{- define "ebs.mounts" -}}
{{- $folder := include "ebs.folder" . -}}
- {name: static-config, mountPath: {{ $folder }}/static-config, readOnly: true}
- {name: secrets, mountPath: {{ $folder }}/secrets, readOnly: true}
- {name: tls, mountPath: {{ $folder }}/tls, readOnly: true}
{{- end }}

{{- define "ebs.podSecurity" -}}
runAsNonRoot: true
{{- if not .Values.openshift }}
runAsUser: 10001
runAsGroup: 0
fsGroup: 10001
{{- end }}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "ebs.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* What pods of ours have in common: root, part. */}}
{{- define "ebs.pod" -}}
serviceAccountName: {{ include "ebs.account" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
# Longer than ebs.timers.grace, so that the program ends by itself.
terminationGracePeriodSeconds: {{ add .root.Values.graceSeconds 15 }}
securityContext: {{- include "ebs.podSecurity" .root | nindent 2 }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "ebs.selector" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .part }}
{{- end }}

using Dcron.Grains.Workers;
using k8s;
using k8s.Models;

namespace Dcron.Tests.Deploy;

/// <summary>
/// The manifests, read by the official Kubernetes client in its strict mode: an unknown or doubled field, or a wrong type, is an error, as with
/// <c>kubectl --validate=strict</c>. No cluster has seen them.
/// </summary>
public sealed class KubernetesTests
{
    // The rest of the host's time-out, beyond the worker's two graces.
    private const int HandOverSeconds = 15;

    private static readonly Lazy<List<object>> Objects = new(() =>
    [
        .. DeployFiles.NamesIn("kubernetes", "*.yaml").Where(name => name != "kustomization.yaml")
            .SelectMany(name => KubernetesYaml.LoadAllFromString(DeployFiles.Read("kubernetes", name), strict: true)),
    ]);

    [Fact]
    public void Every_manifest_has_only_fields_that_Kubernetes_knows()
    {
        Assert.Equal(10, Objects.Value.Count);
        Assert.All(Objects.Value.Cast<IKubernetesObject<V1ObjectMeta>>(), item => Assert.False(string.IsNullOrEmpty(item.Metadata.Name)));
        var error = Assert.ThrowsAny<Exception>(() => KubernetesYaml.LoadAllFromString("apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {prots: []}", strict: true));
        Assert.Contains("prots", error.Message, StringComparison.Ordinal); // the validator does look
    }

    [Fact]
    public void The_kustomization_names_every_manifest_but_the_secret()
    {
        var kustomization = DeployFiles.Read("kubernetes", "kustomization.yaml");
        foreach (var name in DeployFiles.NamesIn("kubernetes", "*.yaml").Where(name => name != "kustomization.yaml"))
        {
            Assert.Equal(name != "secret.example.yaml", kustomization.Contains($"  - {name}\n", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void What_selects_pods_selects_them()
    {
        Dictionary<string, V1PodTemplateSpec> templates = new()
        {
            ["silo"] = Only<V1StatefulSet>().Spec.Template,
            ["front-end"] = Only<V1Deployment>().Spec.Template,
        };
        AssertSelects(Only<V1StatefulSet>().Spec.Selector.MatchLabels, templates["silo"]);
        AssertSelects(Only<V1Deployment>().Spec.Selector.MatchLabels, templates["front-end"]);
        Assert.Equal("dcron-silos", Only<V1StatefulSet>().Spec.ServiceName);
        foreach (var (name, labels) in Objects.Value.OfType<V1Service>().Select(service => (service.Metadata.Name, service.Spec.Selector))
            .Concat(Objects.Value.OfType<V1PodDisruptionBudget>().Select(budget => (budget.Metadata.Name, budget.Spec.Selector.MatchLabels))))
        {
            AssertSelects(labels, templates[name is "dcron-silos" ? "silo" : "front-end"]);
        }

        foreach (var service in Objects.Value.OfType<V1Service>())
        {
            var ports = templates[service.Metadata.Name == "dcron-silos" ? "silo" : "front-end"].Spec.Containers[0].Ports.Select(port => port.Name);
            Assert.All(service.Spec.Ports, port => Assert.Contains(port.TargetPort.Value, ports));
        }
    }

    [Fact]
    public void Silos_may_make_what_scripts_sandboxes_need_and_are_nobody_outside_of_their_pod()
    {
        var silo = Only<V1StatefulSet>().Spec.Template.Spec;
        Assert.False(silo.HostUsers);
        Assert.Equal(("Unmasked", "Unconfined"), (silo.Containers[0].SecurityContext.ProcMount, silo.Containers[0].SecurityContext.SeccompProfile.Type));
        Assert.False(silo.Containers[0].SecurityContext.AllowPrivilegeEscalation);
        Assert.Equal("RuntimeDefault", Only<V1Deployment>().Spec.Template.Spec.SecurityContext.SeccompProfile.Type);
    }

    [Fact]
    public void Pods_are_probed_where_the_program_answers_and_have_the_time_to_end()
    {
        foreach (var pod in new[] { Only<V1StatefulSet>().Spec.Template.Spec, Only<V1Deployment>().Spec.Template.Spec })
        {
            var container = Assert.Single(pod.Containers);
            var ready = container.Name == "silo" ? "/healthz/ready" : "/healthz/live";
            Assert.Equal(("/healthz/live", "/healthz/live", ready), (container.StartupProbe.HttpGet.Path, container.LivenessProbe.HttpGet.Path, container.ReadinessProbe.HttpGet.Path));
            Assert.True(pod.SecurityContext.RunAsNonRoot);
            Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
            Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
            Assert.Contains(container.VolumeMounts, mount => mount.MountPath == "/var/lib/dcron");
            Assert.Contains(container.VolumeMounts, mount => mount.MountPath == "/tmp");
            Assert.False(pod.AutomountServiceAccountToken);
        }

        var worker = new WorkerOptions();
        Assert.InRange(
            Only<V1StatefulSet>().Spec.Template.Spec.TerminationGracePeriodSeconds!.Value, worker.ShutdownGraceSeconds + worker.StopGraceSeconds + HandOverSeconds, 600);
    }

    [Fact]
    public void No_secret_stands_outside_the_secret()
    {
        var secrets = Objects.Value.OfType<V1Secret>().Single().StringData.Keys;
        Assert.DoesNotContain(Only<V1ConfigMap>().Data.Keys, key => secrets.Contains(key) || key.Contains("Secret", StringComparison.Ordinal) || key.Contains("Password", StringComparison.Ordinal));
    }

    internal static T Only<T>() => Objects.Value.OfType<T>().Single();

    private static void AssertSelects(IDictionary<string, string> labels, V1PodTemplateSpec template) => Assert.All(labels, label => Assert.Equal(label.Value, template.Metadata.Labels[label.Key]));
}

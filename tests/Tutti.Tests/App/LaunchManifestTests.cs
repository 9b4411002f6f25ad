using Tutti.Tests.Recipes;
using YamlDotNet.RepresentationModel;

namespace Tutti.Tests.App;

/// <summary>The manifests of docs/launching start what the command line takes, with what it reads.</summary>
[Collection(RunCollection.Name)]
public sealed class LaunchManifestTests
{
    static string File(string name) => System.IO.File.ReadAllText(Path.Combine(Shared.Root, "docs", "launching", name));

    [Fact]
    public void A_PyTorchJob_starts_the_same_training_in_every_pod_under_the_name_that_the_operator_looks_for()
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(File("pytorchjob.yaml")));
        var root = stream.Documents.Single().RootNode;
        Assert.Equal(("kubeflow.org/v1", "PyTorchJob"), (root["apiVersion"].ToString(), root["kind"].ToString()));
        var (master, worker) = (root["spec"]["pytorchReplicaSpecs"]["Master"], root["spec"]["pytorchReplicaSpecs"]["Worker"]);
        Assert.Equal("1", master["replicas"].ToString());
        foreach (var pod in new[] { master, worker })
        {
            Assert.Equal("OnFailure", pod["restartPolicy"].ToString());
            var container = Assert.IsType<YamlSequenceNode>(pod["template"]["spec"]["containers"]).Single();
            Assert.Equal("pytorch", container["name"].ToString());
            var command = Assert.IsType<YamlSequenceNode>(container["command"]).Select(word => word.ToString()).ToArray();
            Assert.EndsWith("/tutti", command[0], StringComparison.Ordinal);
            Parses(command[1..]);
        }
    }

    [Fact]
    public async Task The_batch_script_for_Slurm_starts_commands_that_exist_and_asks_for_a_requeue_after_a_loss()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Slurm's scripts are for bash on Linux");
        using var temp = Shared.Temp();
        // srun and scontrol as a cluster has them, which say what they were asked for.
        Program(temp, "srun", """[ "$3" = doctor ] || { echo "srun $MASTER_ADDR $MASTER_PORT $OMP_NUM_THREADS: ${*:3}"; exit 75; }; echo "srun: ${*:3}" """);
        Program(temp, "scontrol", """[ "$1" = show ] && printf 'node07\nnode08\n' || echo "scontrol $*" """);
        var start = new System.Diagnostics.ProcessStartInfo("bash", [Path.Combine(Shared.Root, "docs", "launching", "slurm.sh")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in new[] { ("SLURM_CPUS_PER_TASK", "16"), ("SLURM_JOB_NODELIST", "node[07-08]"), ("SLURM_JOB_ID", "123456"), ("PATH", $"{temp.Path}:{Environment.GetEnvironmentVariable("PATH")}") }) start.Environment[name] = value;
        using var process = System.Diagnostics.Process.Start(start)!;
        var outcome = await CommandLine.Ended(process);
        Assert.Equal(0, outcome.Code);
        Assert.Equal("", outcome.Error);
        var lines = outcome.Out.TrimEnd().Split('\n');
        Assert.Equal(["srun: doctor --distributed recipe.yaml", "srun node07 23456 16: train recipe.yaml --run runs/shared", "scontrol requeue 123456"], lines);
        foreach (var line in lines[..2]) Parses(line.Split(": ")[1].Split(' '));
    }

    /// <summary>The command line takes it: what is refused is the recipe, which is not here.</summary>
    static void Parses(string[] args)
    {
        var outcome = args[0] == "train" ? CommandLine.Run(args) : CommandLine.Run([.. args, "--help"]);
        Assert.DoesNotContain("next: tutti", outcome.Error, StringComparison.Ordinal);
        if (args[0] == "train") outcome.IsWrongInput([args[1]]);
    }

    static void Program(TempFolder temp, string name, string body)
    {
        var file = temp.Write(name, $"#!/bin/bash\n{body}\n");
        if (OperatingSystem.IsLinux()) System.IO.File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }
}

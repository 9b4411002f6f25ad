using Tutti.Distributed;

namespace Tutti.Tests.Distributed;

public sealed class RendezvousTests
{
    static Rendezvous? Of(params string[] variables) => Rendezvous.Of(name => variables.FirstOrDefault(variable => variable.StartsWith(name + "=", StringComparison.Ordinal)) is { } found ? found[(name.Length + 1)..] : null);

    static readonly string[] torchrun = ["MASTER_ADDR=node1", "MASTER_PORT=29400", "WORLD_SIZE=4", "RANK=3", "LOCAL_RANK=1"];

    [Fact]
    public void The_usual_variables_say_who_and_where() => Assert.Equal(new Rendezvous("node1", 29400, 3, 4, 1), Of(torchrun));

    [Fact]
    public void Without_them_or_with_one_process_there_is_nobody_to_meet()
    {
        Assert.Null(Of());
        Assert.Null(Of("WORLD_SIZE=1"));
        Assert.Null(Of("SLURM_NTASKS=8", "SLURM_PROCID=0"));                       // a batch script, in which srun has not started anything
    }

    [Fact]
    public void Torchruns_store_and_restarts_are_known()
    {
        var at = Of([.. torchrun, "TORCHELASTIC_USE_AGENT_STORE=True", "TORCHELASTIC_RESTART_COUNT=2"]);
        Assert.Equal((true, 2), (at?.LauncherStore, at?.Attempt));
    }

    [Fact]
    public void Slurms_own_variables_do_where_the_usual_are_not_set()
    {
        var at = Of("SLURM_STEP_ID=0", "SLURM_NTASKS=4", "SLURM_PROCID=2", "SLURM_LOCALID=0", "SLURM_JOB_ID=123456", "SLURM_STEP_NODELIST=gpu[07-08]");
        Assert.Equal(new Rendezvous("gpu07", 20000 + (123456 % 20000), 2, 4, 0), at);
        Assert.Equal("192.0.2.5", Of("SLURM_STEP_ID=0", "SLURM_NTASKS=4", "SLURM_PROCID=2", "SLURM_JOB_ID=1", "SLURM_LAUNCH_NODE_IPADDR=192.0.2.5")?.Address);
    }

    [Theory, InlineData("node7", "node7"), InlineData("a1,a2", "a1"), InlineData("node[07-09,12],big", "node07"), InlineData("big,node[1-2]", "big"), InlineData("n[3]", "n3")]
    public void The_first_machine_of_slurms_list_is_found(string nodes, string first) => Assert.Equal(first, Rendezvous.FirstNode(nodes));

    [Fact]
    public void Open_mpi_and_pmi_say_it_too()
    {
        Assert.Equal(new Rendezvous("127.0.0.1", 29500, 1, 2, 1), Of("OMPI_COMM_WORLD_SIZE=2", "OMPI_COMM_WORLD_LOCAL_SIZE=2", "OMPI_COMM_WORLD_RANK=1", "OMPI_COMM_WORLD_LOCAL_RANK=1"));
        Assert.Equal(new Rendezvous("head", 29500, 1, 2, 0), Of("PMI_SIZE=2", "PMI_RANK=1", "MPI_LOCALRANKID=0", "MASTER_ADDR=head"));
    }

    [Theory]
    [InlineData("RANK", "RANK=4")]
    [InlineData("RANK", "RANK=-1")]
    [InlineData("RANK", "RANK=")]
    [InlineData("WORLD_SIZE", "WORLD_SIZE=two")]
    [InlineData("WORLD_SIZE", "WORLD_SIZE=0")]
    [InlineData("MASTER_PORT", "MASTER_PORT=70000")]
    [InlineData("MASTER_PORT", "MASTER_PORT=")]
    [InlineData("MASTER_ADDR", "MASTER_ADDR=")]
    [InlineData("LOCAL_RANK", "LOCAL_RANK=x")]
    public void What_is_missing_or_makes_no_sense_is_one_error_that_names_it(string name, string instead)
    {
        var error = Assert.Throws<ConfigException>(() => Of([instead, .. torchrun.Where(variable => !variable.StartsWith(name + "=", StringComparison.Ordinal))]));
        Assert.Equal(name, error.Path);
        Assert.Contains("expected", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_processes_without_an_address_are_refused() =>
        Assert.Equal("MASTER_ADDR", Assert.Throws<ConfigException>(() => Of("PMI_SIZE=2", "PMI_RANK=1")).Path);
}

using System.Security.Cryptography;
using System.Text;
using Tutti.Runs;
using Tutti.Tables;

namespace Tutti.Recipes;

/// <summary>
/// Training rows whose labels were corrected after an earlier run, known by the audit beside the file. The folds of that run are kept, so that every row is held out by models that
/// saw the same other rows as before; folds that are dealt by label would be others.
/// </summary>
/// <param name="Audit">What was corrected.</param>
/// <param name="AuditFile">Where it stands.</param>
/// <param name="Earlier">The run whose labels were corrected.</param>
/// <param name="Folds">As they were.</param>
/// <param name="Identity">A hash of the rows and their folds, which decide together what a cell learns.</param>
sealed record CorrectedData(CorrectionAudit Audit, string AuditFile, RunFolder Earlier, Folds Folds, string Identity)
{
    const string Name = "train and folds";

    /// <summary>Null where the training file is no corrected one, or not by a run's predictions.</summary>
    /// <exception cref="InputException">The audit is of another state of the file, or the earlier run is gone, or was divided otherwise than the recipe says.</exception>
    public static CorrectedData? Of(Recipe recipe, Table train)
    {
        var path = CorrectionAudit.PathOf(train.File);
        if (!File.Exists(path)) return null;
        var audit = CorrectionAudit.Read(path);
        if (audit.CorrectedSha256 != train.ContentHash)
            throw new DataException(train.File, $"was changed after its labels were corrected: its audit, {path}, is of another state of the file.\nApply the corrections again (tutti labels --apply), or remove the audit to train on the file as one of its own.");
        if (audit.Run is null) return null;
        var earlier = new RunFolder(Path.GetFullPath(audit.Run, Path.GetDirectoryName(Path.GetFullPath(train.File))!));
        if (!File.Exists(earlier.Recipe) || !File.Exists(earlier.Folds))
            throw new DataException(path, $"names the run {earlier.Root}, which is not there; its folds are kept and its scores compared.\nPut it back, or remove the audit to train on the file as one of its own.");
        if (RunStart.Recorded(earlier, "train") != audit.SourceSha256)
            throw new DataException(path, $"the run {earlier.Root} was trained on other rows since: not on {audit.Source} any more.\nLook for label issues in the run as it is now, or remove the audit to train on the file as one of its own.");
        CheckDivision(Recipe.Load(earlier.Recipe), recipe, earlier);
        var ids = RowIds.Of(train, recipe.Data.Id);
        var folds = Folds.LoadSome(earlier.Folds, ids);
        var identity = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{train.ContentHash}\n{string.Join(',', Enumerable.Range(0, ids.Count).Select(folds.Of))}")));
        return new(audit, path, earlier, folds, identity);
    }

    static void CheckDivision(Recipe was, Recipe now, RunFolder earlier)
    {
        foreach (var (key, same) in new[] { (now.Data.Folds is null ? "data.validation" : "data.folds", was.FoldSettings == now.FoldSettings), ("data.label", was.Data.Label == now.Data.Label), ("data.id", was.Data.Id == now.Data.Id) })
            if (!same) throw new ConfigException(key, $"is another one than in {earlier.Recipe}, the run whose labels were corrected; its folds are kept, so that scores can be compared.\nSet it back as it was there, or remove {CorrectionAudit.PathOf(now.Data.Train)} to train on the file as one of its own.");
    }

    /// <summary>What the run folder records.</summary>
    public IEnumerable<(string Name, object? Value)> Facts() => [(Name, Identity), ("corrections", Audit.CorrectionsSha256)];

    /// <summary>What decided the training of a run's cells beside its settings.</summary>
    public static string? IdentityOf(RunFolder run) => RunStart.Recorded(run, Name) ?? RunStart.Recorded(run, "train");

    /// <summary>Refuses a run that would train the earlier one away.</summary>
    /// <exception cref="ConfigException">Its folder is that run's.</exception>
    public void RefuseOwn(RunFolder files)
    {
        if (Path.TrimEndingDirectorySeparator(Path.GetFullPath(files.Root)) == Path.TrimEndingDirectorySeparator(Earlier.Root))
            throw new ConfigException("--run", $"got {files.Root}, which is the run whose labels were corrected; it stays, to be compared with.\nnext: name another folder, such as --run {Path.TrimEndingDirectorySeparator(files.Root)}-corrected");
    }

    /// <summary>Whether a fold's models are trained on the very rows and labels of the earlier run: all that changed is held out.</summary>
    public bool Unchanged(int fold) => Audit.Rows.All(row => row.Kind switch
    {
        CorrectionKind.Changed => row.Fold == fold,
        CorrectionKind.Dropped => false,                      // the other rows are numbered, and vocabularies made, without it
        _ => true,
    });
}

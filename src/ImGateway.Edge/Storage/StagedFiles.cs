namespace ImGateway.Edge.Storage;

/// <summary>
/// Files of one folder that change together. Contents are staged in <c>.next.NAME</c>, deletions as <c>.drop.NAME</c>, so that a full disk is noticed before
/// anything has changed. A commit consists of renames only: the last staged content is renamed to <c>.commit.NAME</c>, the mark; then each file is renamed
/// into place in the given order, the marked one last. Every file is complete at every moment. After a crash, <see cref="Recover"/> completes the commit if
/// there is a mark, and otherwise discards it; contents are not compared, since old and new may be equal. Deletions alone have no mark.
/// </summary>
sealed class StagedFiles
{
    const string Next = ".next.", Drop = ".drop.", Mark = ".commit.";

    readonly string _folder;
    readonly IReadOnlyList<(string Name, byte[]? Content)> _changes;
    readonly DiskOperationHook _hook;
    readonly string? _marked;

    /// <summary>The suffix of a single file, which is staged like any temporary file, so that <see cref="Recover"/> does not take it for a part of a larger change.</summary>
    readonly string _alone = $".{Guid.NewGuid():N}";
    readonly Dictionary<string, byte[]?> _before = new(StringComparer.Ordinal);
    bool _committing;

    StagedFiles(string folder, IReadOnlyList<(string Name, byte[]? Content)> changes, DiskOperationHook hook)
    {
        (_folder, _changes, _hook) = (folder, changes, hook);
        _marked = changes.LastOrDefault(change => change.Content is not null).Name;
    }

    /// <exception cref="IOException">Writing failed; nothing has changed.</exception>
    public static StagedFiles Of(string folder, IReadOnlyList<(string Name, byte[]? Content)> changes, DiskOperationHook hook)
    {
        var staged = new StagedFiles(folder, changes, hook);
        if (staged._marked is not null) DurableFile.CreatePrivateFolder(folder);
        else if (!Directory.Exists(folder)) return new StagedFiles(folder, [], hook);
        try
        {
            staged.Stage();
            return staged;
        }
        catch
        {
            staged.Discard();
            throw;
        }
    }

    /// <summary>Completes or discards a change that a crash interrupted.</summary>
    public static void Recover(string folder, DiskOperationHook hook)
    {
        if (Names(folder, Mark) is [var mark, ..])
        {
            // The name of a staged certificate in versions that stored only PEM bundles.
            if (File.Exists(Path.Combine(folder, ".next.pem"))) DurableFile.Move(Path.Combine(folder, ".next.pem"), Path.Combine(folder, "current.pem"), hook);
            foreach (var name in Names(folder, Next)) Replace(folder, name, hook);
            foreach (var name in Names(folder, Drop)) Remove(folder, name);
            DurableFile.Move(Path.Combine(folder, Mark + mark), Path.Combine(folder, mark), hook);
        }

        foreach (var file in Names(folder, Mark).Select(name => Mark + name).Concat(Names(folder, Next).Select(name => Next + name)).Concat(Names(folder, Drop).Select(name => Drop + name)))
        {
            File.Delete(Path.Combine(folder, file));
        }
    }

    public void Commit()
    {
        _committing = true;
        if (_changes is [(var only, not null)])
        {
            // One rename is a commit by itself.
            DurableFile.Move(StagedOf(only), PathOf(only), _hook);
            return;
        }

        if (_marked is not null) DurableFile.Move(PathOf(Next + _marked), PathOf(Mark + _marked), _hook);
        foreach (var (name, content) in _changes.Where(change => change.Name != _marked))
        {
            if (content is null) Remove(_folder, name);
            else Replace(_folder, name, _hook);
        }

        if (_marked is not null)
        {
            DurableFile.Move(PathOf(Mark + _marked), PathOf(_marked), _hook);
        }
        else if (_changes.Count > 0)
        {
            // A deleted key must not be back after a power failure.
            DurableFile.Flush(_folder);
            _hook.Done();
        }
    }

    /// <summary>Restores the state before the change.</summary>
    public void Discard()
    {
        // A staged file may be the last copy of what another file contained, so that file is restored first.
        if (_committing) Restore(_changes.Where(change => change.Name != _marked));
        // The mark is deleted first: without it Recover completes nothing.
        if (_marked is not null) File.Delete(PathOf(Mark + _marked));
        foreach (var (name, content) in _changes) File.Delete(content is null ? PathOf(Drop + name) : StagedOf(name));
        if (_committing) Restore(_changes.Where(change => change.Name == _marked));
    }

    void Stage()
    {
        foreach (var (name, content) in _changes)
        {
            _before[name] = Bytes(PathOf(name));
            if (content is not null) DurableFile.WriteStaged(StagedOf(name), content, _hook);
            else if (_changes.Count > 1) DurableFile.WriteStaged(PathOf(Drop + name), [], _hook);
        }

        // Durable before the mark refers to them.
        if (_changes.Count > 1) DurableFile.Flush(_folder);
    }

    static void Replace(string folder, string name, DiskOperationHook hook) => DurableFile.Move(Path.Combine(folder, Next + name), Path.Combine(folder, name), hook);

    static void Remove(string folder, string name)
    {
        File.Delete(Path.Combine(folder, name));
        File.Delete(Path.Combine(folder, Drop + name));
    }

    static List<string> Names(string folder, string prefix) =>
        [.. Directory.EnumerateFiles(folder, prefix + "*", DurableFile.SkipInaccessible).Select(file => Path.GetFileName(file)[prefix.Length..])];

    static byte[]? Bytes(string file) => File.Exists(file) ? File.ReadAllBytes(file) : null;

    string PathOf(string name) => Path.Combine(_folder, name);

    string StagedOf(string name) => PathOf(_changes.Count == 1 ? $".{name}{_alone}" : Next + name);

    void Restore(IEnumerable<(string Name, byte[]? Content)> changes)
    {
        foreach (var (name, _) in changes)
        {
            var (file, content) = (PathOf(name), _before[name]);
            if (content is null) File.Delete(file);
            else if (Bytes(file) is not { } now || !now.AsSpan().SequenceEqual(content)) DurableFile.Write(file, content, _hook);
        }
    }
}

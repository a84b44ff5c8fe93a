using System.Text.RegularExpressions;

namespace Dcron.Tests;

/// <summary>docs/guarantees.md promises nothing that no test of this assembly keeps.</summary>
public sealed partial class GuaranteesTests
{
    private static readonly ILookup<string, Type> Types = typeof(GuaranteesTests).Assembly.GetTypes().ToLookup(type => type.Name, StringComparer.Ordinal);

    public static TheoryData<string, string> Rows()
    {
        var rows = new TheoryData<string, string>();
        foreach (var line in File.ReadLines(Path.Join(Repository.Root, "docs/guarantees.md")).Where(line => line.StartsWith('|')).Skip(2))
        {
            var cells = line.Trim('|').Split('|', StringSplitOptions.TrimEntries);
            Assert.True(cells.Length == 3, line);
            rows.Add(cells[0], cells[2]);
        }

        return rows;
    }

    [Fact]
    public void There_are_promises() => Assert.True(Rows().Count > 40);

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_promise_is_one_sentence_and_kept_by_tests_that_exist(string promise, string keptBy)
    {
        Assert.Matches(@"^[A-Z][^.]*(\.[^. ][^.]*)*\.$", OutsideOfCode(promise));
        var names = Name().Matches(keptBy).Select(match => match.Groups[1].Value).Where(name => name != "chaos").ToList();
        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.True(Types[name].Any(IsRun), $"{name} is no class with tests"));
    }

    // A contract is run by those who fulfil it.
    private static bool IsRun(Type type) => type.IsAbstract
        ? type.Assembly.GetTypes().Any(other => !other.IsAbstract && HasTests(other) && IsFulfilledBy(type, other))
        : HasTests(type);

    private static bool IsFulfilledBy(Type contract, Type type)
    {
        for (var current = type.BaseType; current is not null; current = current.BaseType)
        {
            if ((current.IsGenericType ? current.GetGenericTypeDefinition() : current) == contract)
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasTests(Type type) => type.GetMethods().Any(method => method.IsDefined(typeof(FactAttribute), inherit: true)); // a theory is a fact

    private static string OutsideOfCode(string text) => Code().Replace(text, "code");

    [GeneratedRegex("`([A-Za-z]+)`")]
    private static partial Regex Name();

    [GeneratedRegex("`[^`]*`")]
    private static partial Regex Code();
}

//! Average link over a sparse graph of clusters: the best pair of clusters is joined until none is good enough.
//!
//! A join is judged by the mean over all pairs of members, so one bridge between two events does not make them one.
//! A story that many entries tell is a larger target: as in a Chinese restaurant process, the log of the sizes is
//! added to the evidence.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// How much of the log of the sizes is added.
const SIZE_GAIN: f32 = 0.1;
/// Sizes above this add no more.
const SIZE_MAX: f32 = 50.0;

/// A cluster before joining: a story in the window or a new entry.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// Entries in it.
    pub size: f32,
    /// It is a story already.
    pub settled: bool,
    /// Only live blogs, roundups and the like.
    pub loose: bool,
}

/// What it takes to join.
#[derive(Debug, Clone, Copy)]
pub struct Cuts {
    /// Mean log-odds for a new entry.
    pub join: f32,
    /// Mean log-odds for two stories that readers may have seen apart.
    pub merge: f32,
    /// Mean log-odds where a live blog or roundup is involved.
    pub loose: f32,
}

#[derive(PartialEq)]
struct Candidate {
    score: f32,
    pair: Reverse<(usize, usize)>,
}

impl Eq for Candidate {}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(self.pair.cmp(&other.pair))
    }
}

/// The graph while it shrinks.
struct Graph {
    nodes: Vec<Node>,
    edges: Vec<BTreeMap<usize, f32>>,
    members: Vec<Vec<usize>>,
    cuts: Cuts,
}

impl Graph {
    /// Evidence of a join with the sizes, and whether it is enough.
    fn judge(&self, x: usize, y: usize) -> Option<f32> {
        let (a, b) = (self.nodes.get(x)?, self.nodes.get(y)?);
        let mean = *self.edges.get(x)?.get(&y)?;
        let score = mean + SIZE_GAIN * (a.size.min(SIZE_MAX) * b.size.min(SIZE_MAX)).ln();
        let cut = if a.loose || b.loose {
            self.cuts.loose
        } else if a.settled && b.settled {
            self.cuts.merge
        } else {
            self.cuts.join
        };
        (score >= cut).then_some(score)
    }

    /// Joins the second cluster into the first and gives the first one's neighbours.
    fn join(&mut self, x: usize, y: usize, rules: &mut dyn Rules) -> Vec<usize> {
        let take = |edges: &mut Vec<BTreeMap<usize, f32>>, i| edges.get_mut(i).map(std::mem::take).unwrap_or_default();
        let (of_x, of_y) = (take(&mut self.edges, x), take(&mut self.edges, y));
        let other = self.nodes.get(y).cloned().unwrap_or_default();
        let members_y = self.members.get_mut(y).map(std::mem::take).unwrap_or_default();
        let members_x = self.members.get(x).cloned().unwrap_or_default();
        let Some(node) = self.nodes.get_mut(x) else {
            return Vec::new();
        };
        let (nx, ny) = (node.size, other.size);
        node.size += ny;
        node.settled |= other.settled;
        node.loose &= other.loose;
        let around: BTreeSet<usize> = of_x
            .keys()
            .chain(of_y.keys())
            .copied()
            .filter(|k| *k != x && *k != y)
            .collect();
        for &k in &around {
            let there = self.members.get(k).map_or(&[][..], Vec::as_slice);
            let mut part = |edges: &BTreeMap<usize, f32>, members: &[usize]| {
                edges.get(&k).copied().unwrap_or_else(|| rules.compare(members, there))
            };
            let mean = (nx * part(&of_x, &members_x) + ny * part(&of_y, &members_y)) / (nx + ny);
            if let Some(edges) = self.edges.get_mut(k) {
                edges.remove(&y);
                edges.insert(x, mean);
            }
            if let Some(edges) = self.edges.get_mut(x) {
                edges.insert(k, mean);
            }
        }
        if let Some(members) = self.members.get_mut(x) {
            members.extend(members_y);
        }
        around.into_iter().collect()
    }
}

/// What joining asks of the engine about two lists of nodes.
pub trait Rules {
    /// Whether they may share a story.
    fn allow(&mut self, a: &[usize], b: &[usize]) -> bool;
    /// Mean log-odds between two that were not compared yet.
    fn compare(&mut self, a: &[usize], b: &[usize]) -> f32;
}

/// Joins clusters. `edges` holds the mean log-odds between clusters that were compared, in both directions.
///
/// Gives the lists of nodes that belong together.
pub fn join_all(
    nodes: Vec<Node>,
    edges: Vec<BTreeMap<usize, f32>>,
    cuts: Cuts,
    rules: &mut dyn Rules,
) -> Vec<Vec<usize>> {
    let members = (0..nodes.len()).map(|i| vec![i]).collect();
    let mut graph = Graph {
        nodes,
        edges,
        members,
        cuts,
    };
    let mut heap = BinaryHeap::new();
    for x in 0..graph.nodes.len() {
        let after: Vec<usize> = graph
            .edges
            .get(x)
            .map(|e| e.range(x + 1..).map(|(y, _)| *y).collect())
            .unwrap_or_default();
        for y in after {
            push(&graph, &mut heap, x, y);
        }
    }
    while let Some(Candidate {
        score,
        pair: Reverse((x, y)),
    }) = heap.pop()
    {
        // A pair whose clusters changed meanwhile was pushed again with its new score.
        if graph
            .judge(x, y)
            .is_none_or(|now| now.total_cmp(&score) != Ordering::Equal)
        {
            continue;
        }
        let fine = match (graph.members.get(x), graph.members.get(y)) {
            (Some(a), Some(b)) => rules.allow(a, b),
            _ => false,
        };
        if !fine {
            forget(&mut graph, x, y);
            continue;
        }
        for k in graph.join(x, y, rules) {
            push(&graph, &mut heap, x.min(k), x.max(k));
        }
    }
    graph.members.into_iter().filter(|m| !m.is_empty()).collect()
}

fn push(graph: &Graph, heap: &mut BinaryHeap<Candidate>, x: usize, y: usize) {
    if let Some(score) = graph.judge(x, y) {
        heap.push(Candidate {
            score,
            pair: Reverse((x, y)),
        });
    }
}

/// A forbidden pair stays forbidden, whatever its clusters grow into.
fn forget(graph: &mut Graph, x: usize, y: usize) {
    for (a, b) in [(x, y), (y, x)] {
        if let Some(edge) = graph.edges.get_mut(a).and_then(|e| e.get_mut(&b)) {
            *edge = f32::NEG_INFINITY;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUTS: Cuts = Cuts {
        join: 0.0,
        merge: 1.0,
        loose: 1.0,
    };

    /// Everything goes but the two nodes named.
    struct Apart(usize, usize);

    impl Rules for Apart {
        fn allow(&mut self, a: &[usize], b: &[usize]) -> bool {
            let all: Vec<_> = a.iter().chain(b).collect();
            !(all.contains(&&self.0) && all.contains(&&self.1))
        }

        fn compare(&mut self, _: &[usize], _: &[usize]) -> f32 {
            -4.0
        }
    }

    #[track_caller]
    fn check(sizes: &[f32], links: &[(usize, usize, f32)], expected: &[&[usize]]) {
        let nodes = sizes
            .iter()
            .map(|size| Node {
                size: *size,
                ..Node::default()
            })
            .collect();
        let mut edges = vec![BTreeMap::new(); sizes.len()];
        for (x, y, s) in links {
            edges[*x].insert(*y, *s);
            edges[*y].insert(*x, *s);
        }
        assert_eq!(
            join_all(nodes, edges, CUTS, &mut Apart(usize::MAX, usize::MAX)),
            expected
        );
    }

    #[test]
    fn joins_what_is_alike() {
        check(&[1.0, 1.0, 1.0], &[(0, 1, 2.0)], &[&[0, 1], &[2]]);
    }

    #[test]
    fn a_bridge_does_not_join_two_events() {
        check(
            &[1.0, 1.0, 1.0],
            &[(0, 1, 2.0), (1, 2, 1.5), (0, 2, -4.0)],
            &[&[0, 1], &[2]],
        );
    }

    #[test]
    fn a_large_story_is_a_larger_target() {
        check(&[1.0, 1.0], &[(0, 1, -0.2)], &[&[0], &[1]]);
        check(&[20.0, 1.0], &[(0, 1, -0.2)], &[&[0, 1]]);
    }

    #[test]
    fn a_forbidden_join_never_happens() {
        let nodes = vec![
            Node {
                size: 1.0,
                ..Node::default()
            };
            3
        ];
        let mut edges = vec![BTreeMap::new(); 3];
        for (x, y) in [(0, 1), (1, 2), (0, 2)] {
            edges[x].insert(y, 4.0);
            edges[y].insert(x, 4.0);
        }
        let groups = join_all(nodes, edges, CUTS, &mut Apart(0, 2));
        assert!(groups.iter().all(|g| !(g.contains(&0) && g.contains(&2))));
    }
}
